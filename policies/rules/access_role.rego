# METADATA
# title: A product is read in one of its roles
# description: >-
#   The owner says who needs the product; everybody else asks the owner first.
# custom:
#   code: ACC-001
#   fix: Read in one of the roles of spec.access.roles, or ask the owner to add yours.
#   owner: team:platform-council
#   input: read
package mesh.rules.access_role

deny contains finding if {
	count(input.product.roles) > 0
	given
	not listed
	roles := concat(", ", input.product.roles)
	message := sprintf("the role '%s' may not read %s, which is for %s", [input.reader.role, input.product.address, roles])
	finding := {"path": "spec.access.roles", "message": message}
}

deny contains finding if {
	count(input.product.roles) > 0
	not given
	roles := concat(", ", input.product.roles)
	message := sprintf("%s is for %s, and no role was given", [input.product.address, roles])
	finding := {"path": "spec.access.roles", "message": message}
}

given if input.reader.role != ""

listed if input.reader.role in input.product.roles
