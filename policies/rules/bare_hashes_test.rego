package mesh.rules.bare_hashes_test

import data.mesh.rules.bare_hashes

test_a_bare_hash_is_denied_at_its_line if {
	hashed := {"file": "dbt_projects/billing/models/a.sql", "line": 2, "column": "household_id"}
	found := bare_hashes.deny with input as {"bare_hashes": [hashed]}
	found == {{
		"path": "dbt_projects/billing/models/a.sql:2",
		"message": "'household_id' is personal data under a hash without a key",
	}}
}

test_models_without_one_are_fine if {
	count(bare_hashes.deny) == 0 with input as {"bare_hashes": []}
}
