package mesh.rules.access_known_role_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.access_known_role

test_a_role_nobody_defined_is_denied if {
	unknown := object.union(sample.read_by("wizard", ""), {"role": null})
	count(access_known_role.deny) == 1 with input as unknown
}

test_no_role_is_denied_and_said_to_be_missing if {
	some finding in access_known_role.deny with input as object.union(sample.read_by("", ""), {"role": null})
	finding.message == "no role was given"
}

test_a_defined_one_is_fine if {
	count(access_known_role.deny) == 0 with input as sample.read_by("analyst", "")
}
