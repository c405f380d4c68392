package mesh.rules.duplicates_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.duplicates

test_what_keeps_the_rule_is_let_through if {
	count(duplicates.deny) == 0 with input as sample.document
}

test_the_later_of_two_equal_products_is_denied if {
	count(duplicates.deny) == 1 with input as object.union(sample.document, {"alike": ["billing.lines.v1"]})
	count(duplicates.deny) == 0 with input as object.union(sample.document, {"alike": ["sales.lines.v1"]})
}

test_one_of_many_is_told_the_first if {
	document := object.union(sample.document, {"alike": ["billing.lines.v1", "billing.parts.v1", "sales.lines.v1"]})
	{"path": "spec.schema.fields", "message": "has the same columns as billing.lines.v1"} in duplicates.deny with input as document
	count(duplicates.deny) == 1 with input as document
}
