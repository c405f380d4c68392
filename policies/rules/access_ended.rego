# METADATA
# title: A retired product is not read any more
# description: >-
#   What its owner retired is no longer kept right by anybody.
# custom:
#   code: ACC-005
#   fix: Read its successor; the owner knows which one that is.
#   owner: team:platform-council
#   input: read
package mesh.rules.access_ended

deny contains finding if {
	input.product.status == "retired"
	message := sprintf("%s is retired", [input.product.address])
	finding := {"path": "metadata.status", "message": message}
}
