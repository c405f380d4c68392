package mesh.rules.documentation_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.documentation

test_what_keeps_the_rule_is_let_through if {
	count(documentation.deny) == 0 with input as sample.document
}

test_a_field_without_a_description_is_named if {
	found := documentation.deny with input as sample.with_fields([{"name": "a", "description": " "}])
	found == {{"path": "spec.schema.fields[0].description", "message": "'a' has no description"}}
}
