# METADATA
# title: A product with purposes is read for one of them
# description: >-
#   Data about people is collected for a purpose and may not wander off to another.
# custom:
#   code: ACC-002
#   fix: Say what you read it for (mesh query --purpose, MESH_PURPOSE); it must be one of spec.access.purposes.
#   owner: team:platform-council
#   input: read
package mesh.rules.access_purpose

deny contains finding if {
	count(input.product.purposes) > 0
	given
	not meant
	purposes := concat(", ", input.product.purposes)
	message := sprintf("%s is read for %s, not for '%s'", [input.product.address, purposes, input.reader.purpose])
	finding := {"path": "spec.access.purposes", "message": message}
}

deny contains finding if {
	count(input.product.purposes) > 0
	not given
	purposes := concat(", ", input.product.purposes)
	message := sprintf("%s is read for %s, and no purpose was given", [input.product.address, purposes])
	finding := {"path": "spec.access.purposes", "message": message}
}

given if input.reader.purpose != ""

meant if input.reader.purpose in input.product.purposes
