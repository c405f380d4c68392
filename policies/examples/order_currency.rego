# METADATA
# title: An order names its currency in upper case
# description: >-
#   A gateway asks this of every request before it reaches the service of the orders.
package mesh.examples.order_currency

# It was written for Rego before v1. What changed:
#   - 'violation[{"msg": msg}] { … }' is 'violation contains … if { … }'.
#   - The object stood in the head. It is bound in the body, since an engine may drop a rule whose head is undefined.
#   - 'not input.body.currency' negates a value, which engines read differently when it is missing; 'has_currency' says
#     the same with a rule. An empty text is no currency either.
#   - 'upper' of something that is no text is an error of the evaluation in one engine and nothing in another; so a
#     currency that is no text is a violation by itself.

violation contains found if {
	is_order
	not has_currency
	found := {"msg": "body.currency is missing"}
}

violation contains found if {
	is_order
	has_currency
	not is_text
	found := {"msg": "body.currency must be a text"}
}

violation contains found if {
	is_order
	has_currency
	is_text
	input.body.currency != upper(input.body.currency)
	message := sprintf("body.currency must be upper case: '%s'", [input.body.currency])
	found := {"msg": message}
}

is_order if {
	input.method == "POST"
	input.path == "/orders"
}

has_currency if object.get(input, ["body", "currency"], "") != ""

is_text if is_string(input.body.currency)
