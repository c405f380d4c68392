package mesh.rules.event_time_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.event_time

test_what_keeps_the_rule_is_let_through if {
	count(event_time.deny) == 0 with input as sample.document
}

test_a_product_without_any_time_is_named if {
	still := object.union(sample.with_spec({"sla": {"event_time": null}}), {"product": {"spec": {"schema": {"fields": []}}}})
	count(event_time.deny) == 1 with input as still
}

test_created_at_is_enough if {
	found := event_time.deny with input as object.union(
		sample.with_spec({"sla": {"event_time": null}}),
		{"product": {"spec": {"schema": {"fields": [{"name": "created_at"}]}}}},
	)
	count(found) == 0
}
