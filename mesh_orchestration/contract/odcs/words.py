"""The keys that the standard knows, part by part: the union of its versions 3.0, 3.1 and 3.2, in its own order."""

from __future__ import annotations

DOCUMENT = (
    "apiVersion", "kind", "id", "name", "version", "status", "domain", "tenant", "dataProduct", "tags", "description",
    "context", "team", "servers", "schema", "slaDefaultElement", "slaProperties", "support", "roles", "price",
    "authoritativeDefinitions", "customProperties", "contractCreatedTs",
)  # fmt: skip
DESCRIPTION = ("purpose", "usage", "limitations", "authoritativeDefinitions", "customProperties")
_ELEMENT = (
    "id", "name", "physicalName", "physicalType", "businessName", "description", "deprecated", "synonyms", "tags",
)  # fmt: skip
_LAST = ("quality", "relationships", "authoritativeDefinitions", "customProperties")
OBJECT = (*_ELEMENT, "logicalType", "dataGranularityDescription", "context", "properties", *_LAST)
PROPERTY = (
    "id", "name", "physicalName", "businessName", "logicalType", "logicalTypeOptions", "physicalType", "semanticType",
    "description", "deprecated", "synonyms", "tags", "primaryKey", "primaryKeyPosition", "required", "unique",
    "partitioned", "partitionKeyPosition", "classification", "criticalDataElement", "encryptedName",
    "transformSourceObjects", "transformLogic", "transformDescription", "examples", "enum", "properties", "items",
    "map", *_LAST,
)  # fmt: skip
OPTIONS = (
    "minLength", "maxLength", "pattern", "format", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
    "multipleOf", "timezone", "defaultTimezone", "minItems", "maxItems", "uniqueItems", "minProperties",
    "maxProperties", "required",
)  # fmt: skip
OPERATORS = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
    "mustBeBetween", "mustNotBeBetween",
)  # fmt: skip
QUALITY = (
    "id", "name", "description", "type", "metric", "rule", "arguments", *OPERATORS, "unit", "query", "engine",
    "implementation", "dimension", "method", "severity", "businessImpact", "scheduler", "schedule", "tags",
    "authoritativeDefinitions", "customProperties", "validValues",
)  # fmt: skip
LEVEL = (
    "id", "property", "value", "valueExt", "unit", "element", "driver", "description", "scheduler", "schedule",
    "customProperties", "authoritativeDefinitions",
)  # fmt: skip
SUPPORT = ("id", "channel", "url", "description", "tool", "scope", "invitationUrl", "customProperties")
TEAM = ("id", "name", "description", "members", "tags", "customProperties", "authoritativeDefinitions")
MEMBER = (
    "id", "username", "name", "description", "role", "dateIn", "dateOut", "replacedByUsername", "tags",
    "customProperties", "authoritativeDefinitions",
)  # fmt: skip
ROLE = ("id", "role", "description", "access", "firstLevelApprovers", "secondLevelApprovers", "customProperties")
CUSTOM = ("id", "property", "value", "description", "vendor")
