package mesh.rules.personal_data_classified_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.personal_data_classified

test_what_keeps_the_rule_is_let_through if {
	count(personal_data_classified.deny) == 0 with input as sample.document
}

test_an_unclassified_mail_address_is_found if {
	found := personal_data_classified.deny with input as sample.with_fields([{"name": "customer_email", "pii": false}])
		with data.config.personal.names as ["(^|_)e_?mail($|_)"]
	count(found) == 1
}

test_a_classified_one_is_fine if {
	count(personal_data_classified.deny) == 0 with input as sample.with_fields([{"name": "customer_email", "pii": true}])
		with data.config.personal.names as ["(^|_)e_?mail($|_)"]
}
