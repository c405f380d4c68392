# METADATA
# title: A domain is named after a business capability
# description: >-
#   A domain called after a technology or a stage has no business owner and falls apart with the next migration.
# custom:
#   code: NAM-001
#   fix: Name the domain after what the business does, such as orders or billing.
#   owner: team:platform-council
package mesh.rules.domain_names

deny contains finding if {
	domain := input.product.metadata.domain
	some word in data.config.names.technology
	domain == word
	message := sprintf("'%s' names a technology, not a business capability", [domain])
	finding := {"path": "metadata.domain", "message": message}
}
