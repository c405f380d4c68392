package mesh.rules.access_ended_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.access_ended

test_a_retired_product_is_not_read if {
	retired := object.union(sample.read_by("analyst", ""), {"product": {"status": "retired"}})
	count(access_ended.deny) == 1 with input as retired
	count(access_ended.deny) == 0 with input as sample.read_by("analyst", "")
}
