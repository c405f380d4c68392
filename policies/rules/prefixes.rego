# METADATA
# title: Topics and tables begin with their domain
# description: >-
#   The prefix says whom to ask, and lets a broker and a catalog grant rights by domain.
# custom:
#   code: TOP-001
#   fix: Begin the topic or table with the domain and a dot or a dash, such as orders.order_lines.v1.
#   owner: team:platform-council
package mesh.rules.prefixes

deny contains finding if {
	some index, port in input.product.spec.outputs
	some kind in ["topic", "table"]
	name := object.get(port, kind, null)
	name != null
	not owned(name)
	message := sprintf("'%s' does not begin with the domain '%s'", [name, input.product.metadata.domain])
	path := sprintf("spec.outputs[%v].%s", [index, kind])
	finding := {"path": path, "message": message}
}

owned(name) if {
	some separator in [".", "-", "_"]
	prefix := concat("", [input.product.metadata.domain, separator])
	startswith(name, prefix)
}
