# METADATA
# title: No product is built twice
# description: >-
#   Two products of the same columns are two truths; consumers pick one at random.
# custom:
#   code: DUP-001
#   fix: Build on the other product, or let one of them become the other.
#   owner: team:platform-council
package mesh.rules.duplicates

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	first := min([other | some other in input.alike; other < input.address])
	message := sprintf("has the same columns as %s", [first])
	finding := {"path": "spec.schema.fields", "message": message}
}
