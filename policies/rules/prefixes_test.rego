package mesh.rules.prefixes_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.prefixes

test_what_keeps_the_rule_is_let_through if {
	count(prefixes.deny) == 0 with input as sample.document
}

test_the_topic_of_another_domain_is_denied if {
	found := prefixes.deny with input as sample.with_spec({"outputs": [{"type": "stream", "topic": "billing.lines"}]})
	count(found) == 1
}

test_its_own_prefix_is_fine if {
	count(prefixes.deny) == 0 with input as sample.with_spec({"outputs": [{"type": "stream", "topic": "orders.lines.v1"}]})
}
