package mesh.examples.order_currency_test

import data.mesh.examples.order_currency

post(body) := request if {
	request := {"method": "POST", "path": "/orders", "body": body}
}

test_an_order_in_a_currency_is_let_through if {
	count(order_currency.violation) == 0 with input as post({"currency": "EUR"})
}

test_an_order_without_a_currency_is_refused if {
	order_currency.violation == {{"msg": "body.currency is missing"}} with input as post({})
	order_currency.violation == {{"msg": "body.currency is missing"}} with input as post({"currency": ""})
}

test_lower_case_is_refused if {
	found := order_currency.violation with input as post({"currency": "eur"})
	found == {{"msg": "body.currency must be upper case: 'eur'"}}
}

test_a_number_is_no_currency if {
	order_currency.violation == {{"msg": "body.currency must be a text"}} with input as post({"currency": 978})
}

test_other_requests_are_not_asked if {
	count(order_currency.violation) == 0 with input as {"method": "GET", "path": "/orders", "body": {}}
	count(order_currency.violation) == 0 with input as {"method": "POST", "path": "/refunds", "body": {}}
}
