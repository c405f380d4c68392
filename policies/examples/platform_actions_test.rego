package mesh.examples.platform_actions_test

import data.mesh.examples.platform_actions

create(names) := request if {
	request := {"action": "create", "schema": {"fields": [{"name": name} | some name in names]}}
}

topic(domain, name) := request if {
	request := {"action": "create_topic", "domain": domain, "topic": name}
}

test_a_schema_with_a_time_of_creation_may_be_created if {
	platform_actions.allow with input as create(["id", "created_at"])
}

test_one_without_may_not if {
	not platform_actions.allow with input as create(["id"])
}

test_a_topic_of_the_domain_may_be_created if {
	platform_actions.allow with input as topic("orders", "orders-returns")
}

test_a_topic_of_another_domain_may_not if {
	not platform_actions.allow with input as topic("orders", "ordersreturns")
	not platform_actions.allow with input as topic("orders", "billing-returns")
	not platform_actions.allow with input as topic("", "-returns")
}

test_nothing_else_is_allowed if {
	not platform_actions.allow with input as {"action": "drop", "domain": "orders", "topic": "orders-x"}
}
