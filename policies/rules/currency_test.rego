package mesh.rules.currency_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.currency

test_what_keeps_the_rule_is_let_through if {
	count(currency.deny) == 0 with input as sample.document
}

test_lower_case_is_denied if {
	count(currency.deny) == 1 with input as {"payload": {"currency": "usd"}}
	count(currency.deny) == 0 with input as {"payload": {"currency": "USD"}}
}
