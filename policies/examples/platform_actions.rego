# METADATA
# title: What a domain may create
# description: >-
#   A table needs a time of creation, a topic the prefix of its domain.
package mesh.examples.platform_actions

# It was written for Rego before v1. What changed:
#   - 'allow { … }' is 'allow if { … }', and 'default allow = false' is 'default allow := false'.
#   - 'starts_with' is no function of Rego; it is called 'startswith'. Some engines say so only when the line is reached,
#     so the first topic anybody asked for was an error.
#   - '+' adds numbers only; texts are put together with 'concat'.
#   - 'input.schema.fields[_].name' is 'some field in input.schema.fields'.
#   - An empty domain would have allowed every topic that begins with '-'; a domain must be named.

default allow := false

allow if {
	input.action == "create"
	some field in input.schema.fields
	field.name == "created_at"
}

allow if {
	input.action == "create_topic"
	input.domain != ""
	prefix := concat("", [input.domain, "-"])
	startswith(input.topic, prefix)
}
