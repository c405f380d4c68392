package mesh.rules.domain_names_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.domain_names

test_what_keeps_the_rule_is_let_through if {
	count(domain_names.deny) == 0 with input as sample.document
}

test_a_technology_is_no_domain if {
	count(domain_names.deny) == 1 with input as sample.with_metadata({"domain": "kafka"})
		with data.config.names.technology as ["kafka"]
}
