# A document that keeps every rule, for the tests to change.
package mesh.lib.sample_test

document := {
	"today": "2026-11-21",
	"address": "orders.order_lines.v1",
	"major": 1,
	"upstream": [],
	"consumers": [],
	"alike": [],
	"seconds": {"freshness": 3600, "event_freshness": 172800, "latency": null, "retention": 31536000},
	"product": {
		"metadata": {
			"name": "order_lines", "product": "order_lines", "domain": "orders", "version": "1.0.0",
			"description": "One row per line.", "status": "active", "sunset": null, "tags": [],
		},
		"spec": {
			"owner": "team:orders",
			"support": {"channel": "#orders", "email": "", "url": "", "hours": ""},
			"sla": {
				"freshness": "1h", "availability": 0.999, "completeness": 0.99,
				"event_time": "ordered_at", "event_freshness": "48h",
			},
			"schema": {"type": "avro", "fields": [
				{"name": "order_id", "type": "long", "description": "Number.", "pii": false, "mask": null, "masking": null, "nullable": false},
				{"name": "household_id", "type": "long", "description": "Who.", "pii": true, "mask": "hash", "masking": "hash", "nullable": true},
				{"name": "ordered_at", "type": "timestamptz", "description": "When.", "pii": false, "mask": null, "masking": null, "nullable": false},
			]},
			"inputs": [],
			"outputs": [],
			"retention": "365d",
			"access": {"roles": ["analyst"], "policies": [], "purposes": []},
		},
	},
}

with_metadata(metadata) := changed if {
	changed := object.union(document, {"product": {"metadata": metadata}})
}

with_spec(spec) := changed if {
	changed := object.union(document, {"product": {"spec": spec}})
}

with_fields(fields) := changed if {
	changed := object.union(document, {"product": {"spec": {"schema": {"fields": fields}}}})
}

read_by(role, purpose) := request if {
	request := {
		"today": "2026-11-21",
		"reader": {"who": "ada", "role": role, "purpose": purpose, "attributes": {}},
		"role": {"description": "Somebody.", "personal_data": "masked"},
		"product": {
			"address": "orders.order_lines.v1", "domain": "orders", "status": "active", "sunset": null,
			"roles": ["analyst"], "purposes": [], "policies": [],
			"fields": [
				{"name": "order_id", "pii": false, "mask": null, "tags": []},
				{"name": "household_id", "pii": true, "mask": "hash", "tags": []},
			],
		},
	}
}
