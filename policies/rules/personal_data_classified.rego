# METADATA
# title: A column that looks like personal data is classified
# description: >-
#   What is not classified is not masked, not counted when a person asks for erasure, and leaks first.
# custom:
#   code: PII-001
#   fix: "Give the field 'pii: true' and a masking; if it is no personal data, rename it so that its name says what it is."
#   owner: team:platform-council
package mesh.rules.personal_data_classified

deny contains finding if {
	some index, field in input.product.spec.schema.fields
	not field_is_personal(field)
	regex.match(pattern, lower(field.name))
	message := sprintf("'%s' looks like personal data and is not classified", [field.name])
	path := sprintf("spec.schema.fields[%v].pii", [index])
	finding := {"path": path, "message": message}
}

# One pattern instead of many: a mesh has thousands of columns.
pattern := one if {
	count(data.config.personal.names) > 0
	one := concat("", ["(", concat(")|(", data.config.personal.names), ")"])
}

field_is_personal(field) if field.pii
