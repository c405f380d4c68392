package mesh.rules.deprecation_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.deprecation

test_what_keeps_the_rule_is_let_through if {
	count(deprecation.deny) == 0 with input as sample.document
}

test_deprecated_without_a_sunset_is_denied if {
	count(deprecation.deny) == 1 with input as sample.with_metadata({"status": "deprecated"})
}

test_with_a_sunset_it_is_fine if {
	count(deprecation.deny) == 0 with input as sample.with_metadata({"status": "deprecated", "sunset": "2027-01-01"})
}
