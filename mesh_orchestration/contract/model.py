"""The data product contract, ``apiVersion: datamesh.io/v1``, ``kind: DataProduct``.

``DataProduct`` is frozen and is the program: assets, checks, tables, schemas and policies are pure
functions of it. Other dialects load into this same model. Unknown keys are errors.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from mesh_orchestration.contract.address import DOMAIN, Address
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.types import LogicalType, parse_type
from mesh_orchestration.contract.words import (
    COLUMN,
    Compatibility,
    Count,
    Day,
    Duration,
    Flag,
    Mask,
    MaskWord,
    Owner,
    QualifiedName,
    Schedule,
    Share,
    Slug,
    TypeWord,
    Version,
    Words,
    product_name,
)
from mesh_orchestration.expectations.check import Severity


class Part(BaseModel):
    """Base of every part of a contract: frozen, unknown keys refused, values never coerced silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Metadata(Part):
    """Who the product is. ``name`` may be qualified (``orders-domain.order_events``): its last part counts."""

    name: QualifiedName
    domain: Annotated[str, Field(pattern=DOMAIN.pattern)]
    version: Version
    id: str = ""
    title: str = ""
    description: str = ""
    tags: Words = ()
    status: Literal["draft", "active", "deprecated", "retired"] = "active"
    sunset: Day | None = None


class Constraints(Part):
    """What one field promises; each constraint becomes a check."""

    primary_key: Flag = False
    unique: Flag = False
    null: Flag = True
    timezone: Literal["UTC"] | None = None
    pattern: str | None = None
    enum: tuple[Any, ...] | None = None
    min: Any = None
    max: Any = None
    min_length: Count | None = None
    max_length: Count | None = None
    pii: Flag | str = False
    masking: MaskWord = None

    @model_validator(mode="before")
    @classmethod
    def _null_key(cls, value: Any) -> Any:
        """YAML reads an unquoted ``null:`` key as None; both spellings are the same key."""
        if isinstance(value, dict) and None in value:
            return {("null" if key is None else key): item for key, item in value.items()}
        return value


class SchemaField(Part):
    """One column: its type, meaning and constraints. PII and mask may stand here or in ``constraints``.
    ``aliases`` are the names it had in earlier versions, as in Avro."""

    name: Annotated[str, Field(pattern=COLUMN.pattern)]
    type: TypeWord
    description: str = ""
    semantics: str = ""
    unit: str = ""
    tags: Words = ()
    aliases: Words = ()
    pii: Flag | str = False
    masking: MaskWord = None
    constraints: Constraints = Constraints()

    @cached_property
    def logical_type(self) -> LogicalType:
        return parse_type(self.type)

    @property
    def nullable(self) -> bool:
        return self.constraints.null and not self.constraints.primary_key

    @property
    def is_instant(self) -> bool:
        """Whether the field is a UTC instant (``timestamptz``)."""
        return self.logical_type.name == "timestamp" and (
            self.constraints.timezone == "UTC" or self.type.lower() == "timestamptz"
        )

    @property
    def is_pii(self) -> bool:
        return bool(self.pii or self.constraints.pii)

    @property
    def mask(self) -> Mask | None:
        """The mask to use for readers without the right role; PII without one is redacted."""
        return self.masking or self.constraints.masking or ("redact" if self.is_pii else None)


class Schema(Part):
    """The columns of the product; ``type`` names the exchange format of its events (avro, json, parquet).
    ``compatibility`` says which readers a new version must not break, in the words of schema registries."""

    type: str = "parquet"
    compatibility: Compatibility = "backward"
    fields: Annotated[tuple[SchemaField, ...], Field(min_length=1)]


class QualityCheck(Part):
    """One expectation in Great Expectations' vocabulary.

    ``assertion`` is GX's expectation name, ``value`` its arguments, ``threshold`` its ``mostly``.
    A failed ``error`` stops publication; a failed ``warn`` is reported.
    """

    assertion: Annotated[str, Field(validation_alias=AliasChoices("assertion", "expectation"))]
    column: str | None = None
    columns: tuple[str, ...] | None = None
    threshold: Share | None = None
    value: Annotated[dict[str, Any], Field(validation_alias=AliasChoices("value", "kwargs"))] = {}
    severity: Severity = "error"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")] | None = None
    description: str = ""


class Quality(Part):
    checks: tuple[QualityCheck, ...] = ()


SHARES = ("availability", "completeness", "accuracy")
"""The service levels that are a share of something, from 0 to 1."""


class Sla(Part):
    """Service levels. ``freshness``: age of the last publication. ``event_freshness``: age of the newest
    ``event_time`` value. Shares are written ``99.9%`` or 0.999."""

    freshness: Duration | None = None
    event_time: str | None = None
    event_freshness: Duration | None = None
    availability: Share | None = None
    completeness: Share | None = None
    accuracy: Share | None = None
    latency: Duration | None = None
    throughput: str | None = None

    @property
    def freshness_window(self) -> timedelta | None:
        return parse_duration(self.freshness) if self.freshness else None


class Lineage(Part):
    upstream: Words = ()
    downstream: Words = ()


class Access(Part):
    roles: Words = ()
    policies: Words = ()
    purposes: Words = ()


class Support(Part):
    """Whom to ask and where when something breaks."""

    channel: str = ""
    email: str = ""
    url: str = ""
    hours: str = ""


class InputPort(Part):
    """Where data comes from. ``type`` is the word of a file in ``inputs/``; the rest are its options."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Slug
    type: str
    description: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to the port's own type."""
        return dict(self.__pydantic_extra__ or {})


class OutputPort(Part):
    """How consumers read the product (table, file, api, sql, stream …)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    name: str = ""
    description: str = ""


class Consumer(Part):
    """Somebody outside the mesh's own products who reads this one; ``columns`` are those read, empty for all."""

    name: Annotated[str, Field(min_length=1)]
    type: Literal["dashboard", "report", "notebook", "ml", "service", "application", "export"] = "application"
    owner: Owner
    columns: Words = ()
    description: str = ""
    url: str = ""


def _port_or_name(value: Any) -> str:
    return "(name)" if isinstance(value, str) else "(port)"


PortOrName = Annotated[
    Annotated[InputPort, Tag("(port)")] | Annotated[str, Tag("(name)")], Discriminator(_port_or_name)
]


class Spec(Part):
    owner: Owner
    support: Support = Support()
    inputs: tuple[PortOrName, ...] = ()
    model: Slug | None = None
    schedule: Schedule | None = None
    schema_: Annotated[Schema, Field(alias="schema")]
    quality: Quality = Quality()
    sla: Sla = Sla()
    lineage: Lineage = Lineage()
    access: Access = Access()
    outputs: tuple[OutputPort, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    retention: Duration | None = None


class DataProduct(Part):
    """One data product's contract."""

    api_version: Annotated[Literal["datamesh.io/v1"], Field(alias="apiVersion")]
    kind: Literal["DataProduct"]
    metadata: Metadata
    spec: Spec
    _source: str = PrivateAttr("")

    def in_file(self, file: str) -> Self:
        """The same product, said to come from ``file`` (relative to the mesh root)."""
        copy = self.model_copy()
        copy._source = file
        return copy

    @property
    def source(self) -> str:
        """The file it came from, relative to the mesh root; empty for one built in memory."""
        return self._source

    @property
    def domain(self) -> str:
        return self.metadata.domain

    @cached_property
    def name(self) -> str:
        """The product's own name: the last part of ``metadata.name``, with underscores."""
        return product_name(self.metadata.name)

    @cached_property
    def address(self) -> Address:
        return Address(self.domain, self.name, int(self.metadata.version.split(".", 1)[0]))

    @property
    def id(self) -> str:
        """The stable id that outlives renames; the first qualified name unless given."""
        return self.metadata.id or f"{self.domain}.{self.name}"

    @property
    def version(self) -> str:
        return self.metadata.version

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what the contract says; spelling, order of keys and comments do not count."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def owner(self) -> str:
        return self.spec.owner

    @property
    def model(self) -> str:
        """The dbt model (mart) that holds the product's rows."""
        return self.spec.model or self.name

    @property
    def fields(self) -> tuple[SchemaField, ...]:
        return self.spec.schema_.fields

    @cached_property
    def columns(self) -> dict[str, SchemaField]:
        return {field.name: field for field in self.fields}

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.constraints.primary_key)

    @cached_property
    def inputs(self) -> tuple[InputPort, ...]:
        """The input ports declared here (a bare name refers to a sibling product's port)."""
        return tuple(port for port in self.spec.inputs if isinstance(port, InputPort))

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The names of every port the product reads: declared here or by a sibling."""
        return tuple(port.name if isinstance(port, InputPort) else port for port in self.spec.inputs)
