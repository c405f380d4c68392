package mesh.rules.personal_data_values_test

import data.mesh.rules.personal_data_values

seen(share) := document if {
	document := {"evidence": {"patterns": [{"column": "note", "index": 3, "pattern": "e-mail address", "share": share}]}}
}

test_a_column_of_addresses_is_denied if {
	found := personal_data_values.deny with input as seen(0.5) with data.config.personal.share as 0.05
	found == {{
		"path": "spec.schema.fields[3].pii",
		"message": "50 % of the values of 'note' look like e-mail address",
	}}
}

test_a_stray_one_is_not if {
	count(personal_data_values.deny) == 0 with input as seen(0.01) with data.config.personal.share as 0.05
}
