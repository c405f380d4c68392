# METADATA
# title: Nobody builds on a product that has ended
# description: >-
#   After its sunset a product may vanish any day; what reads it breaks with it.
# custom:
#   code: DEP-002
#   fix: Read its successor, or agree on a later sunset with its owner.
#   owner: team:platform-council
package mesh.rules.sunset

deny contains finding if {
	some source in input.upstream
	source.sunset != null
	source.sunset < input.today
	message := sprintf("reads %s, which ended on %s", [source.address, source.sunset])
	finding := {"path": "spec.inputs", "message": message}
}
