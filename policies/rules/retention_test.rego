package mesh.rules.retention_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.retention

test_what_keeps_the_rule_is_let_through if {
	count(retention.deny) == 0 with input as sample.document
}

test_personal_data_without_a_retention_is_denied if {
	count(retention.deny) == 1 with input as object.union(sample.document, {"seconds": {"retention": null}})
}

test_more_than_the_limit_is_denied if {
	count(retention.deny) == 1 with input as object.union(sample.document, {"seconds": {"retention": 8640000}})
		with data.config.retention.personal_data_days as 99
}
