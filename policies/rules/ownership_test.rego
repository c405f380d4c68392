package mesh.rules.ownership_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.ownership

test_what_keeps_the_rule_is_let_through if {
	count(ownership.deny) == 0 with input as sample.document
}

test_a_product_nobody_can_ask_about_is_denied if {
	without := {"channel": "", "email": "", "url": ""}
	count(ownership.deny) == 1 with input as sample.with_spec({"support": without})
}
