package mesh.rules.personal_data_answerable_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.personal_data_answerable

roles := {"analyst": {"personal_data": "masked"}, "officer": {"personal_data": "clear"}}

read_by(listed) := changed if {
	changed := sample.with_spec({"access": {"roles": listed}})
}

test_personal_data_that_no_answering_role_reads_is_named if {
	count(personal_data_answerable.deny) == 1 with input as read_by(["analyst"]) with data.config.roles as roles
}

test_a_role_that_answers_is_enough if {
	count(personal_data_answerable.deny) == 0 with input as read_by(["analyst", "officer"]) with data.config.roles as roles
}

test_a_product_for_all_roles_is_fine if {
	count(personal_data_answerable.deny) == 0 with input as read_by([]) with data.config.roles as roles
}

test_no_personal_data_and_no_answering_role_ask_for_nothing if {
	count(personal_data_answerable.deny) == 0 with input as sample.with_fields([]) with data.config.roles as roles
	count(personal_data_answerable.deny) == 0 with input as read_by(["analyst"]) with data.config.roles as {}
}

test_a_draft_is_its_owners_own if {
	draft := object.union(read_by(["analyst"]), {"product": {"metadata": {"status": "draft"}}})
	count(personal_data_answerable.deny) == 0 with input as draft with data.config.roles as roles
}
