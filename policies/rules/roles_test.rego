package mesh.rules.roles_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.roles

test_a_role_nobody_defined_is_named if {
	found := roles.deny with input as sample.with_spec({"access": {"roles": ["analyst", "wizard"]}})
		with data.config.roles as {"analyst": {}}
	found == {{"path": "spec.access.roles[1]", "message": "nobody defined the role 'wizard'"}}
}
