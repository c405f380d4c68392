package mesh.rules.service_baseline_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.service_baseline

test_what_keeps_the_rule_is_let_through if {
	count(service_baseline.deny) == 0 with input as sample.document
}

baseline := {"freshness_seconds": 86400, "availability": 0.99, "completeness": 0.9}

test_less_than_the_baseline_is_denied if {
	weak := object.union(sample.with_spec({"sla": {"availability": 0.9, "completeness": 0.5}}), {"seconds": {"freshness": 90000}})
	count(service_baseline.deny) == 3 with input as weak with data.config.baseline as baseline
}

test_the_baseline_itself_is_enough if {
	exact := object.union(sample.with_spec({"sla": {"availability": 0.99, "completeness": 0.9}}), {"seconds": {"freshness": 86400}})
	count(service_baseline.deny) == 0 with input as exact with data.config.baseline as baseline
}
