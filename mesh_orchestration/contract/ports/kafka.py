"""``kafka``: the messages of a topic, each a row or the newest state of a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from mesh_orchestration.contract.ports.base import Finding, PortOptions, column_findings
from mesh_orchestration.contract.words import TypeWord, Words

_SOURCE = r"^[a-z][a-z0-9_-]{0,54}$"
_TOPIC = r"^[A-Za-z0-9._-]{1,249}$"


class KafkaPort(PortOptions):
    """The messages of a Kafka topic.

    ``mode: append`` lands every message as a row; ``upsert`` keeps the newest message of each ``key`` and
    drops a key at its tombstone. ``schema`` is the Avro schema file, relative to the contract's folder.
    ``connection`` names the cluster, whose servers the settings hold (the mesh's own when left out).
    ``on_error: quarantine`` puts messages that cannot be read aside instead of refusing the batch.
    """

    topic: Annotated[str, Field(pattern=_TOPIC)] | None = None
    format: Literal["json", "avro"] = "json"
    schema_: Annotated[str | None, Field(alias="schema", min_length=1)] = None
    mode: Literal["append", "upsert"] = "append"
    key: Words = ()
    columns: Annotated[dict[str, TypeWord], Field(default_factory=dict)]
    connection: Annotated[str, Field(pattern=_SOURCE)] | None = None
    on_error: Literal["refuse", "quarantine"] = "refuse"

    @property
    def kind(self) -> str:
        return "kafka"

    @property
    def declared(self) -> Mapping[str, str]:
        return self.columns

    def findings(self) -> Iterator[Finding]:
        """A mode without its key, a format without its schema, and columns that no table can have."""
        if self.mode == "upsert" and not self.key:
            yield ("mode",), "'upsert' needs 'key': the columns whose newest message counts"
        if self.format == "avro" and self.topic and not self.schema_:
            yield ("format",), "'avro' needs 'schema': the .avsc file beside the contract"
        if self.schema_ and self.format != "avro":
            yield ("schema",), f"a schema belongs to 'format: avro', but the format is {self.format}"
        for index, name in enumerate(self.key):
            if self.columns.get(name, "").startswith("array<"):
                yield ("key", index), f"'{name}' is a list, which identifies no row"
        yield from column_findings(self.columns, self.key)


PORT = KafkaPort
