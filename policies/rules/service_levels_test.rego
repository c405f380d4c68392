package mesh.rules.service_levels_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.service_levels

test_what_keeps_the_rule_is_let_through if {
	count(service_levels.deny) == 0 with input as sample.document
}

test_each_level_that_is_not_promised_is_named if {
	none := {"sla": {"freshness": null, "availability": null, "completeness": null}}
	count(service_levels.deny) == 3 with input as sample.with_spec(none)
}

test_a_draft_need_not_promise_yet if {
	draft := object.union(sample.with_spec({"sla": {"freshness": null}}), {"product": {"metadata": {"status": "draft"}}})
	count(service_levels.deny) == 0 with input as draft
}
