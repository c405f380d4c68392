# METADATA
# title: A deprecated product says when it ends
# description: >-
#   Consumers can plan a move only to a day.
# custom:
#   code: DEP-001
#   fix: Give metadata.sunset a date; move consumers before it.
#   owner: team:platform-council
package mesh.rules.deprecation

deny contains finding if {
	input.product.metadata.status == "deprecated"
	input.product.metadata.sunset == null
	finding := {"path": "metadata.sunset", "message": "is deprecated without a day on which it ends"}
}
