package mesh.rules.personal_data_masked_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.personal_data_masked

test_what_keeps_the_rule_is_let_through if {
	count(personal_data_masked.deny) == 0 with input as sample.document
}

test_personal_data_without_a_mask_is_named if {
	fields := [{"name": "email", "pii": true, "masking": null, "constraints": {"masking": null}}]
	count(personal_data_masked.deny) == 1 with input as sample.with_fields(fields)
}

test_a_mask_among_the_constraints_counts if {
	fields := [{"name": "email", "pii": true, "masking": null, "constraints": {"masking": "hash"}}]
	count(personal_data_masked.deny) == 0 with input as sample.with_fields(fields)
}
