# METADATA
# title: Products are exchanged in formats that every consumer reads
# description: >-
#   A format of one team is an integration project for all others.
# custom:
#   code: FMT-001
#   fix: Use one of the formats in policies/data/formats.yaml.
#   owner: team:platform-council
package mesh.rules.formats

deny contains finding if {
	format := input.product.spec.schema.type
	not allowed(format)
	message := sprintf("'%s' is not an exchange format here", [format])
	finding := {"path": "spec.schema.type", "message": message}
}

deny contains finding if {
	some index, port in input.product.spec.outputs
	format := object.get(port, "format", "parquet")
	not allowed(format)
	message := sprintf("'%s' is not an exchange format here", [format])
	path := sprintf("spec.outputs[%v].format", [index])
	finding := {"path": path, "message": message}
}

allowed(format) if format in data.config.formats.exchange
