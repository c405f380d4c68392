# METADATA
# title: Personal data is hashed with a key or not at all
# description: >-
#   Whoever hashes every possible number or address finds the one behind a bare hash in seconds; it hides nothing.
# custom:
#   code: PII-005
#   fix: Leave the column as it is and give the field 'masking' hash or tokenise, which are keyed and equal in every product.
#   owner: team:platform-council
#   input: project
package mesh.rules.bare_hashes

deny contains finding if {
	some hashed in input.bare_hashes
	message := sprintf("'%s' is personal data under a hash without a key", [hashed.column])
	path := sprintf("%s:%v", [hashed.file, hashed.line])
	finding := {"path": path, "message": message}
}
