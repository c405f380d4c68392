# METADATA
# title: A product has an owner and a way to reach support
# description: >-
#   A consumer whose dashboard is wrong at night must know whom to call; an owner without a channel is a name on a door.
# custom:
#   code: OWN-001
#   fix: Give spec.support a channel, an email or a url.
#   owner: team:platform-council
package mesh.rules.ownership

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	not reachable
	finding := {"path": "spec.support", "message": "nobody says where to ask when something is wrong"}
}

reachable if {
	some way in ["channel", "email", "url"]
	input.product.spec.support[way] != ""
}
