# METADATA
# title: No file of the project holds a secret
# description: >-
#   What was committed once is read by everybody who ever clones the project, for as long as it exists.
# custom:
#   code: SEC-001
#   fix: Take it out of the file, give it in the environment (docs/settings.md), and replace it where it is used, because it is known now.
#   owner: team:platform-council
#   input: project
package mesh.rules.secrets

deny contains finding if {
	some secret in input.secrets
	message := sprintf("holds what looks like a secret (%s)", [secret.kind])
	path := sprintf("%s:%v", [secret.file, secret.line])
	finding := {"path": path, "message": message}
}
