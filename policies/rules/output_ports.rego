# METADATA
# title: Another domain is read through its output ports
# description: >-
#   A table inside another domain changes without notice, was never audited, and its owner does not know who reads it.
# custom:
#   code: PRT-001
#   fix: Name the product as an input of type data-product in the contract and read it with source() or ref().
#   owner: team:platform-council
#   input: project
package mesh.rules.output_ports

deny contains finding if {
	some read in input.foreign_reads
	message := sprintf("reads %s past the output ports", [read.reads])
	path := sprintf("%s:%v", [read.file, read.line])
	finding := {"path": path, "message": message}
}
