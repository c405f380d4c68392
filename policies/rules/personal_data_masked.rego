# METADATA
# title: Personal data names its mask
# description: >-
#   Without a mask of its own a column is redacted everywhere; whoever publishes it should decide what others may see.
# custom:
#   code: PII-002
#   fix: "Give the field a masking: hash, tokenise, partial, generalise, null or redact."
#   owner: team:platform-council
package mesh.rules.personal_data_masked

deny contains finding if {
	some index, field in input.product.spec.schema.fields
	field.pii
	not masked(field)
	message := sprintf("'%s' is personal data without a masking", [field.name])
	path := sprintf("spec.schema.fields[%v].masking", [index])
	finding := {"path": path, "message": message}
}

masked(field) if field.masking != null

masked(field) if field.constraints.masking != null
