"""Messages as rows of a port: every message, or the newest of each key."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from mesh_orchestration.contract.avro import column_of, read_record
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import KafkaPort
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.base import KEPT, OP, REFUSED, WAS, Changes
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.base import IngestContext
from mesh_orchestration.inputs.topic.broker import Message
from mesh_orchestration.inputs.topic.values import Decoder, array, avro_decoder, json_decoder, key_of, row


@dataclass(frozen=True)
class Reading:
    """How the messages of a port are read; ``key`` is empty when every message is a row."""

    topic: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    decode: Decoder
    quarantine: bool

    @property
    def key_columns(self) -> tuple[Column, ...]:
        kinds = {column.name: column for column in self.columns}
        return tuple(kinds[name] for name in self.key)


def reading(port: InputPort, options: KafkaPort, *, domain: str, context: IngestContext) -> Reading:
    """How to read the port's messages; SourceError when the contract does not say enough."""
    declared = dict(options.columns)
    if options.format == "avro":
        schema = _schema(port, options, domain=domain, context=context)
        offered = _offered(port, schema)
        for name in declared:
            if name not in offered:
                raise SourceError(
                    f"column {name} is not in the schema {options.schema_}{suggestion(name, offered)}", source=port.name
                )
        declared = declared or offered
        decode = avro_decoder(schema)
    else:
        decode = json_decoder()
    if not declared:
        raise SourceError("the port says no `columns:`, and JSON messages do not name their types", source=port.name)
    columns = tuple(Column.parse(name, kind) for name, kind in declared.items())
    key = options.key if options.mode == "upsert" else ()
    for name in key:
        if name not in declared:
            raise SourceError(f"the key {name} is not in the schema{suggestion(name, declared)}", source=port.name)
    return Reading(options.topic or "", columns, key, decode, options.on_error == "quarantine")


def _schema(port: InputPort, options: KafkaPort, *, domain: str, context: IngestContext) -> Any:
    if not options.schema_:
        raise SourceError("the port says no `schema:`, the .avsc file of its Avro messages", source=port.name)
    path = (_folder(port, domain, context) / options.schema_).resolve()
    root = context.settings.root.resolve()
    if not path.is_relative_to(root):
        raise SourceError(f"the schema {options.schema_} is outside the mesh at {root}", source=port.name)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"the schema cannot be read: {error.strerror}", source=path) from error
    except ValueError as error:
        raise SourceError(f"the schema is not JSON: {error}", source=path) from error


def _folder(port: InputPort, domain: str, context: IngestContext) -> Path:
    """The folder of the contract that declares the port."""
    products = context.mesh.of(domain) if context.mesh else ()
    owner = next((product for product in products if any(one.name == port.name for one in product.inputs)), None)
    return (context.settings.root / owner.source).parent if owner else context.settings.contracts_dir


def _offered(port: InputPort, schema: Any) -> dict[str, str]:
    """The schema's columns with their types in a contract's words."""
    record = read_record(schema)
    if record.findings:
        path, message = record.findings[0]
        raise SourceError(f"schema {'.'.join(map(str, path))} {message}".replace("  ", " "), source=port.name)
    names: dict[str, Any] = {}
    found = {item["name"]: column_of(item["type"], names) for item in schema["fields"]}
    return {name: "timestamptz" if column.instant else column.word for name, column in found.items()}


@dataclass
class Gathered:
    """The messages of one step: rows or the newest state of each key, those put aside (where, why, key, value),
    and the names of fields that no column takes."""

    reading: Reading
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    states: dict[tuple[Any, ...], tuple[Any, ...] | None] = field(default_factory=dict)
    bad: list[tuple[str, str, bytes | None, bytes | None]] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.states) + len(self.bad)

    def take(self, message: Message) -> None:
        """Add a message; SourceError that names it when it cannot be read and is not to be put aside."""
        try:
            self._take(message)
        except ValueError as error:
            origin = f"{self.reading.topic}/{message.partition}/{message.offset}"
            if not self.reading.quarantine:
                raise SourceError(
                    f"the message {error}; nothing of its batch was kept. Let the producer's fault be mended, or put "
                    "such messages aside with `on_error: quarantine`",
                    source=f"topic {self.reading.topic} partition {message.partition} offset {message.offset}",
                ) from error
            self.bad.append((origin, str(error), message.key, message.value))

    def _take(self, message: Message) -> None:
        how = self.reading
        if message.value is None:
            if not how.key:
                raise ValueError("is a tombstone, which says nothing where every message is a row")
            self.states[key_of(how.key_columns, message.key)] = None
            return
        said = how.decode(message.value)
        values = row(how.columns, said)
        self.ignored |= said.keys() - {column.name for column in how.columns}
        if not how.key:
            self.rows.append(values)
            return
        told = dict(zip((column.name for column in how.columns), values, strict=True))
        key = tuple(told[name] for name in how.key)
        if None in key:
            raise ValueError(f"has no value in its key ({', '.join(how.key)})")
        self.states[key] = values

    def step(self) -> Changes:
        """What was gathered as a step."""
        refused = [list(part) for part in zip(*self.bad, strict=True)] or [[] for _ in REFUSED]
        aside = pa.record_batch(
            [pa.array(part, pa.binary() if kind == "binary" else pa.string())
             for part, kind in zip(refused, REFUSED.values(), strict=True)],
            names=list(REFUSED),
        )  # fmt: skip
        rows = self._keyed() if self.reading.key else _batch(self.reading.columns, self.rows)
        return Changes(rows, refused=aside if self.bad else None)

    def _keyed(self) -> pa.RecordBatch:
        how = self.reading
        columns, places = how.columns, {column.name: place for place, column in enumerate(how.columns)}
        rows: list[tuple[Any, ...]] = []
        for key, values in self.states.items():
            told: list[Any] = [None] * len(columns)
            for name, value in zip(how.key, key, strict=True):
                told[places[name]] = value
            rows.append(tuple(told) if values is None else values)
        batch = _batch(columns, rows)
        words = pa.array(["delete" if values is None else "upsert" for values in self.states.values()], pa.string())
        batch = batch.append_column(OP, words).append_column(KEPT, pa.nulls(len(rows), pa.string()))
        for number, column in enumerate(how.key_columns):
            batch = batch.append_column(f"{WAS}{number}", array(column, [None] * len(rows)))
        return batch


def _batch(columns: Iterable[Column], rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = tuple(columns)
    parts = zip(*rows, strict=True) if rows else [()] * len(columns)
    arrays = [array(column, part) for column, part in zip(columns, parts, strict=True)]
    return pa.record_batch(arrays, names=[column.name for column in columns])
