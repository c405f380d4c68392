# METADATA
# title: Personal data has a retention within the limit
# description: >-
#   Data about people may be kept as long as its purpose needs and not longer.
# custom:
#   code: RET-001
#   fix: Give spec.retention, at most what policies/data/retention.yaml allows.
#   owner: team:platform-council
package mesh.rules.retention

import data.mesh.lib.published

deny contains finding if {
	published.holds_personal_data(input.product)
	not limited
	finding := {"path": "spec.retention", "message": "holds personal data and says not how long it is kept"}
}

deny contains finding if {
	published.holds_personal_data(input.product)
	limited
	days := input.seconds.retention / 86400
	days > data.config.retention.personal_data_days
	message := sprintf("keeps personal data for %v days; the limit is %v", [days, data.config.retention.personal_data_days])
	finding := {"path": "spec.retention", "message": message}
}

limited if input.seconds.retention != null
