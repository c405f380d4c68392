package mesh.rules.output_ports_test

import data.mesh.rules.output_ports

test_a_read_past_the_ports_is_denied_at_its_line if {
	read := {"file": "dbt_projects/billing/models/a.sql", "line": 7, "reads": "orders.order_lines"}
	found := output_ports.deny with input as {"foreign_reads": [read]}
	found == {{
		"path": "dbt_projects/billing/models/a.sql:7",
		"message": "reads orders.order_lines past the output ports",
	}}
}

test_reads_through_ports_are_fine if {
	count(output_ports.deny) == 0 with input as {"foreign_reads": []}
}
