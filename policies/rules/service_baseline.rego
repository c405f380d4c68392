# METADATA
# title: A product promises at least the baseline
# description: >-
#   The baseline is what lets a team build on a product of a domain it has never met.
# custom:
#   code: SLA-002
#   fix: Promise at least what policies/data/baseline.yaml says, or ask the council for a waiver.
#   owner: team:platform-council
package mesh.rules.service_baseline

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	input.seconds.freshness != null
	input.seconds.freshness > data.config.baseline.freshness_seconds
	freshness := input.product.spec.sla.freshness
	message := sprintf("a freshness of %s is longer than the baseline of %v s", [freshness, data.config.baseline.freshness_seconds])
	finding := {"path": "spec.sla.freshness", "message": message}
}

deny contains finding if {
	published.is_public(input.product)
	some level in ["availability", "completeness"]
	promised := input.product.spec.sla[level]
	promised != null
	promised < data.config.baseline[level]
	message := sprintf("%s of %v is below the baseline of %v", [level, promised, data.config.baseline[level]])
	path := concat(".", ["spec.sla", level])
	finding := {"path": path, "message": message}
}
