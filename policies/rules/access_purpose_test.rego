package mesh.rules.access_purpose_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.access_purpose

bound(purpose) := document if {
	document := object.union(sample.read_by("analyst", purpose), {"product": {"purposes": ["billing"]}})
}

test_another_purpose_is_denied if {
	count(access_purpose.deny) == 1 with input as bound("marketing")
	count(access_purpose.deny) == 1 with input as bound("")
}

test_the_purpose_it_is_for_is_fine if {
	count(access_purpose.deny) == 0 with input as bound("billing")
}
