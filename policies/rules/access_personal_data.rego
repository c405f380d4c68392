# METADATA
# title: Personal data is shown in the clear only to roles that must see it
# description: >-
#   Most questions about people are answered without seeing any of them.
# custom:
#   code: ACC-004
#   fix: Ask the council for a role with personal_data clear in policies/data/roles.yaml.
#   owner: team:platform-council
#   input: read
package mesh.rules.access_personal_data

reveal contains shown if {
	input.role.personal_data == "clear"
	some field in input.product.fields
	field.pii
	column := field.name
	shown := {"column": column}
}
