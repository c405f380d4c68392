# METADATA
# title: A product with purposes is read for one of them
# description: >-
#   Data about people is collected for a purpose and may not wander off to another.
# custom:
#   code: ACC-002
#   fix: Say the purpose of the read; it must be one of spec.access.purposes.
#   owner: team:platform-council
#   input: read
package mesh.rules.access_purpose

deny contains finding if {
	count(input.product.purposes) > 0
	not meant
	purposes := concat(", ", input.product.purposes)
	message := sprintf("%s is read for %s, not for '%s'", [input.product.address, purposes, input.reader.purpose])
	finding := {"path": "spec.access.purposes", "message": message}
}

meant if input.reader.purpose in input.product.purposes
