package mesh.rules.access_role_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.access_role

test_another_role_is_denied if {
	count(access_role.deny) == 1 with input as sample.read_by("finance", "")
}

test_no_role_is_denied_and_said_to_be_missing if {
	some finding in access_role.deny with input as sample.read_by("", "")
	endswith(finding.message, "and no role was given")
}

test_a_role_of_the_product_reads if {
	count(access_role.deny) == 0 with input as sample.read_by("analyst", "")
}

test_a_product_without_roles_is_for_all if {
	open := object.union(sample.read_by("finance", ""), {"product": {"roles": []}})
	count(access_role.deny) == 0 with input as open
}
