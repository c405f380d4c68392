package mesh.rules.resource_limits_test

import data.mesh.rules.resource_limits

judged(cpu, memory) := document if {
	document := {"problem": "", "workloads": [{"path": "deployments[0]", "name": "orders", "cpu": cpu, "memory_mib": memory}]}
}

test_a_container_within_the_limits_is_fine if {
	count(resource_limits.deny) == 0 with input as judged(0.5, 512)
}

test_a_container_without_limits_is_denied_for_each if {
	found := resource_limits.deny with input as judged(null, null)
	{finding.message | some finding in found} == {"'orders' has no limit of cpu", "'orders' has no limit of memory"}
	{finding.path | some finding in found} == {"deployments[0].resources"}
}

test_a_container_over_a_limit_is_denied if {
	found := resource_limits.deny with input as judged(9, 65536)
		with data.config.limits as {"cpu_cores": 8, "memory_mib": 16384}
	{finding.message | some finding in found} == {
		"'orders' may take 9 cores; the limit is 8",
		"'orders' may take 65536 MiB of memory; the limit is 16384",
	}
}

test_a_file_that_cannot_be_read_is_denied if {
	count(resource_limits.deny) == 1 with input as {"problem": "no YAML", "workloads": []}
}
