package mesh.rules.mask_adequate_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.mask_adequate

test_what_keeps_the_rule_is_let_through if {
	count(mask_adequate.deny) == 0 with input as sample.document
}

test_a_partial_identifier_is_denied if {
	count(mask_adequate.deny) == 1 with input as sample.with_fields([{"name": "customer_id", "type": "long", "pii": true, "mask": "partial"}])
}

test_a_generalised_flag_is_denied if {
	count(mask_adequate.deny) == 1 with input as sample.with_fields([{"name": "smoker", "type": "boolean", "pii": true, "mask": "generalise"}])
}
