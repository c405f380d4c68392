# METADATA
# title: A product says when what it tells happened
# description: >-
#   Without a time of the event nobody can tell old data that was published just now from fresh data.
# custom:
#   code: EVT-001
#   fix: Name the column in spec.sla.event_time, or have one called created_at or updated_at.
#   owner: team:platform-council
#   rollout: [{mode: warn}]
package mesh.rules.event_time

import data.mesh.lib.published

deny contains finding if {
	published.is_public(input.product)
	not timed
	finding := {"path": "spec.sla.event_time", "message": "no column says when a row happened or was valid"}
}

timed if input.product.spec.sla.event_time != null

timed if {
	some field in input.product.spec.schema.fields
	field.name in {"created_at", "updated_at"}
}
