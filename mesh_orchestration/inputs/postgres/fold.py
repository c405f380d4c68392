"""The net effect of a stretch of the change log: one last state a key, in memory that has a bound.

A stretch that grows too large is put down as a step (a file) and a new one begun, also inside a transaction of
the source; all steps of a batch are landed in one transaction of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from mesh_orchestration.contract.ports import LANDED
from mesh_orchestration.engines.base import KEPT, OP, WAS, Changes
from mesh_orchestration.inputs.postgres.pgoutput import (
    UNCHANGED,
    Delete,
    Event,
    Insert,
    Relation,
    Row,
    Truncate,
    Update,
    Value,
)
from mesh_orchestration.inputs.postgres.table import Table
from mesh_orchestration.inputs.postgres.text import array

STEP_ROWS = 50_000
STEP_BYTES = 32 * 2**20

_Key = tuple[Value, ...]


class ShapeChanged(Exception):
    """The source changed its table; the message says which columns."""


@dataclass(frozen=True)
class _State:
    """The row a key has now; values it keeps are those that were landed under the key ``was``."""

    values: Row
    was: _Key | None = None


class Fold:
    """The changes of one table since the last step."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._oid = -1
        self._places: tuple[int, ...] = ()
        self._key_places: tuple[int, ...] = ()
        self._begin()

    def _begin(self) -> None:
        self._states: dict[_Key, _State | None] = {}
        self._clear, self._bytes = False, 0

    @property
    def full(self) -> bool:
        return len(self._states) >= STEP_ROWS or self._bytes >= STEP_BYTES

    @property
    def empty(self) -> bool:
        return not self._states and not self._clear

    def take(self, event: Event) -> None:
        """Add one change; ShapeChanged when the table no longer has the columns it was landed with."""
        if isinstance(event, Relation):
            self._look(event)
        elif isinstance(event, Truncate):
            if self._oid in event.oids:
                self._begin()
                self._clear = True
        elif isinstance(event, Insert | Update | Delete) and event.oid == self._oid:
            self._change(event)

    def _look(self, relation: Relation) -> None:
        if (relation.schema, relation.table) != (self._table.schema, self._table.name):
            return
        found = {column.name: column.kind for column in relation.columns}
        if problem := _drift(self._table, found):
            raise ShapeChanged(problem)
        places = {column.name: place for place, column in enumerate(relation.columns)}
        self._oid = relation.oid
        self._places = tuple(places[column.name] for column in self._table.columns)
        self._key_places = tuple(places[name] for name in self._table.key)

    def _change(self, event: Insert | Update | Delete) -> None:
        if isinstance(event, Delete):
            self._states[self._key(event.old)] = None
            return
        new = self._filled(event) if isinstance(event, Update) else event.new
        key = self._key(new)
        old = self._key(event.old) if isinstance(event, Update) and event.old else key
        self._states[key] = self._state(tuple(new[place] for place in self._places), old)
        if old != key:
            self._states[old] = None
        self._bytes += sum(len(value) for value in new if isinstance(value, str))

    def _key(self, row: Row) -> _Key:
        return tuple(row[place] for place in self._key_places)

    def _filled(self, event: Update) -> Row:
        """The new row with what the log tells of its large columns in the old one."""
        old = event.old
        if old is None or UNCHANGED not in event.new:
            return event.new
        told = set(self._key_places) if not self._table.logs_rows else set(range(len(old)))
        return tuple(
            old[place] if value is UNCHANGED and place in told else value for place, value in enumerate(event.new)
        )

    def _state(self, values: Row, old: _Key) -> _State:
        if UNCHANGED not in values:
            return _State(values)
        before = self._states.get(old)
        if before is None:
            return _State(values, old)
        filled = tuple(was if value is UNCHANGED else value for value, was in zip(values, before.values, strict=True))
        return _State(filled, before.was if UNCHANGED in filled else None)

    def step(self) -> Changes:
        """The changes so far as a step, typed; begins anew. ValueError names a value that its type cannot hold."""
        columns, key = self._table.columns, self._table.key
        rows = [self._staged(key_values, state) for key_values, state in self._states.items()]
        kinds = {column.name: column for column in columns}
        arrays = [array(column, [row[place] for row in rows]) for place, column in enumerate(columns)]
        names = [column.name for column in columns]
        for name in (OP, KEPT):
            arrays.append(pa.array([row[len(names)] for row in rows], pa.string()))
            names.append(name)
        for number, name in enumerate(key):
            arrays.append(array(kinds[name], [row[len(names)] for row in rows]))
            names.append(f"{WAS}{number}")
        kept = {name for row in rows for name in (row[len(columns) + 1] or "").split(",") if name}
        changes = Changes(pa.record_batch(arrays, names=names), clear=self._clear, kept=tuple(sorted(kept)))
        self._begin()
        return changes

    def _staged(self, key: _Key, state: _State | None) -> tuple[str | None, ...]:
        columns = self._table.columns
        if state is None:
            told = dict(zip(self._table.key, key, strict=True))
            values = [_text(told.get(column.name)) for column in columns]
            return (*values, "delete", None, *(None for _ in key))
        values = [_text(value) for value in state.values]
        kept = [column.name for column, value in zip(columns, state.values, strict=True) if value is UNCHANGED]
        was = [_text(value) for value in state.was or ()] if kept else [None for _ in key]
        return (*values, "upsert", f",{','.join(kept)}," if kept else None, *was)


def _drift(table: Table, found: Mapping[str, str]) -> str:
    """How the columns ``found`` (name to type) differ from those the port takes; empty when they do not."""
    problems = [f"column {name} is gone" for name in table.kinds if name not in found]
    problems += [
        f"column {name} has another type" for name, kind in table.kinds.items() if found.get(name, kind) != kind
    ]
    if table.whole:
        problems += [f"column {name} is new" for name in found if name not in table.kinds and name not in LANDED]
    return ", ".join(problems)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
