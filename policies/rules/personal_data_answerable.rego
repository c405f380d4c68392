# METADATA
# title: Who answers people's requests can read what is held on them
# description: >-
#   Everybody may ask what is held on them. An answer that leaves out a product because nobody let the role in is wrong.
# custom:
#   code: PII-006
#   fix: Add data-protection, or another role with personal_data clear in policies/data/roles.yaml, to spec.access.roles.
#   owner: team:platform-council
#   rollout: [{mode: warn}]
package mesh.rules.personal_data_answerable

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	published.holds_personal_data(input.product)
	count(input.product.spec.access.roles) > 0
	someone_answers
	not answerable
	message := "holds personal data, and no role that answers people's requests may read it"
	finding := {"path": "spec.access.roles", "message": message}
}

someone_answers if {
	some role in data.config.roles
	role.personal_data == "clear"
}

answerable if {
	some role in input.product.spec.access.roles
	data.config.roles[role].personal_data == "clear"
}
