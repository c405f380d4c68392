# METADATA
# title: Every field of a public product is described
# description: >-
#   A column that only its author understands is read wrongly by everybody else.
# custom:
#   code: DOC-001
#   fix: Say in one sentence what the field means.
#   owner: team:platform-council
package mesh.rules.documentation

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	some index, field in input.product.spec.schema.fields
	trim_space(field.description) == ""
	message := sprintf("'%s' has no description", [field.name])
	path := sprintf("spec.schema.fields[%v].description", [index])
	finding := {"path": path, "message": message}
}
