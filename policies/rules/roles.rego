# METADATA
# title: Every role and purpose of a contract means something
# description: >-
#   A contract that grants access to a role nobody defined grants it to nobody, or one day to the wrong one.
# custom:
#   code: ROL-001
#   fix: Use a role of policies/data/roles.yaml, or define it there.
#   owner: team:platform-council
package mesh.rules.roles

deny contains finding if {
	some index, role in input.product.spec.access.roles
	not defined(role)
	message := sprintf("nobody defined the role '%s'", [role])
	path := sprintf("spec.access.roles[%v]", [index])
	finding := {"path": path, "message": message}
}

defined(role) if data.config.roles[role]
