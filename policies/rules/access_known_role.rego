# METADATA
# title: A reader acts in a role that is defined
# description: >-
#   A role nobody defined is a typing mistake or an attempt; neither should read anything.
# custom:
#   code: ACC-003
#   fix: Use a role of policies/data/roles.yaml.
#   owner: team:platform-council
#   input: read
package mesh.rules.access_known_role

deny contains finding if {
	given
	not known
	message := sprintf("nobody defined the role '%s'", [input.reader.role])
	finding := {"path": "spec.access.roles", "message": message}
}

deny contains finding if {
	not given
	finding := {"path": "spec.access.roles", "message": "no role was given"}
}

given if input.reader.role != ""

known if input.role != null
