package mesh.rules.sunset_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.sunset

test_what_keeps_the_rule_is_let_through if {
	count(sunset.deny) == 0 with input as sample.document
}

test_reading_what_has_ended_is_denied if {
	ended := {"address": "billing.fees.v1", "sunset": "2026-01-01"}
	count(sunset.deny) == 1 with input as object.union(sample.document, {"upstream": [ended]})
}

test_until_then_it_may_be_read if {
	ending := {"address": "billing.fees.v1", "sunset": "2027-01-01"}
	count(sunset.deny) == 0 with input as object.union(sample.document, {"upstream": [ending]})
}
