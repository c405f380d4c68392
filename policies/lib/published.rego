# Which products others may rely on.
package mesh.lib.published

# A draft is its owner's own; everything else is public within the mesh.
is_public(product) if product.metadata.status in {"active", "deprecated"}

holds_personal_data(product) if {
	some field in product.spec.schema.fields
	field.pii
}
