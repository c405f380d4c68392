# METADATA
# title: A mask fits what it hides
# description: >-
#   Part of an identifier still points at a person, and a generalised text says nothing while it looks as if it did.
# custom:
#   code: PII-003
#   fix: Use hash or tokenise for what identifies a person (joins still work), generalise only for numbers and dates.
#   owner: team:platform-council
package mesh.rules.mask_adequate

deny contains finding if {
	some index, field in input.product.spec.schema.fields
	field.pii
	unfit(field)
	message := sprintf("'%s' does not fit '%s'", [field.mask, field.name])
	path := sprintf("spec.schema.fields[%v].masking", [index])
	finding := {"path": path, "message": message}
}

# Part of a number that identifies somebody still narrows the person down.
unfit(field) if {
	field.mask in {"partial", "generalise"}
	endswith(field.name, "_id")
}

unfit(field) if {
	field.mask == "generalise"
	field.type in {"boolean", "binary", "uuid"}
}
