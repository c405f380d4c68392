# METADATA
# title: Values that look like personal data stand in classified columns
# description: >-
#   A name says what a column was meant to hold; its values say what it holds. An address typed into a
#   comment field is personal data all the same.
# custom:
#   code: PII-004
#   fix: Classify the column (pii, masking), or clean its values before they are published.
#   owner: team:platform-council
#   input: publication
package mesh.rules.personal_data_values

deny contains finding if {
	some seen in input.evidence.patterns
	seen.share >= data.config.personal.share
	percent := round(seen.share * 100)
	message := sprintf("%v %% of the values of '%s' look like %s", [percent, seen.column, seen.pattern])
	path := sprintf("spec.schema.fields[%v].pii", [seen.index])
	finding := {"path": path, "message": message}
}
