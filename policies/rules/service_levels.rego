# METADATA
# title: A product promises freshness, availability and completeness
# description: >-
#   Consumers plan by these three; a product without them is data that nobody answers for.
# custom:
#   code: SLA-001
#   fix: Give spec.sla.freshness, spec.sla.availability and spec.sla.completeness.
#   owner: team:platform-council
package mesh.rules.service_levels

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	some level in ["freshness", "availability", "completeness"]
	not promised(level)
	message := sprintf("promises no %s", [level])
	finding := {"path": "spec.sla", "message": message}
}

promised(level) if input.product.spec.sla[level] != null
