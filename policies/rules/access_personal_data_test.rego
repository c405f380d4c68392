package mesh.rules.access_personal_data_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.access_personal_data

test_personal_data_is_revealed_to_data_protection if {
	clear := object.union(sample.read_by("data-protection", ""), {"role": {"personal_data": "clear"}})
	access_personal_data.reveal == {{"column": "household_id"}} with input as clear
}

test_and_to_nobody_else if {
	count(access_personal_data.reveal) == 0 with input as sample.read_by("analyst", "")
}
