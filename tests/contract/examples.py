"""Contracts that must load as they are."""

USERS_EXAMPLE = """\
apiVersion: datamesh.io/v1
kind: DataProduct
metadata: {name: orders-domain.order_events, domain: orders, version: 2.1.0}
spec:
  owner: "team-orders@company.io"
  sla: {freshness: "15m", availability: "99.9%"}
  schema:
    type: "avro"
    fields:
      - {name: order_id, type: string, constraints: {primary_key: true, "null": false}}
      - {name: event_ts, type: timestamp, constraints: {timezone: "UTC", "null": false}}
      - {name: customer_id, type: string, constraints: {pii: true, masking: "hash"}}
  quality:
    checks:
      - {column: order_id, assertion: "expect_column_values_to_not_be_null", threshold: 0.99}
      - {column: event_ts, assertion: "expect_column_values_to_be_between", value: {min_value: "2023-01-01", max_value: "2025-12-31"}}
  lineage: {upstream: ["raw.kafka.order_events"], downstream: ["analytics.order_facts", "billing.order_aggregates"]}
  access: {roles: ["analyst", "data-scientist"], policies: ["PII-RED-ACT"]}
"""  # noqa: E501  # the line is the user's own
