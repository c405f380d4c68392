"""The six traits of a data product, scored from evidence.

They are those of Zhamak Dehghani's data mesh: discoverable, addressable, trustworthy and truthful,
self-describing, interoperable, secure.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from mesh_orchestration.catalog.tables_products import TRAITS as _TABLE

TRAITS = ("discoverable", "addressable", "trustworthy", "self-describing", "interoperable", "secure")


@dataclass(frozen=True)
class Fact:
    """One thing that a trait asks for: ``share`` of it holds (0 to 1), by which ``evidence``, and what to do about it
    (empty when it holds)."""

    name: str
    weight: float
    share: float
    evidence: str
    advice: str


@dataclass(frozen=True)
class Trait:
    """A trait with its score from 0 to 1 and the facts that make it."""

    name: str
    score: float
    facts: tuple[Fact, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the score is not 1: what to do, the heaviest first."""
        lacking = sorted((one for one in self.facts if one.share < 1), key=lambda one: (one.share - 1) * one.weight)
        return tuple(one.advice for one in lacking)


def traits(conn: Connection, address: str) -> tuple[Trait, ...]:
    """The six traits of a product, in the order of ``TRAITS``; empty when there is no such product."""
    rows = {row.trait: row for row in conn.execute(select(_TABLE).where(_TABLE.c.address == address))}
    return tuple(
        Trait(name, rows[name].score, tuple(Fact(**fact) for fact in json.loads(rows[name].facts)))
        for name in TRAITS
        if name in rows
    )


def scores(conn: Connection, addresses: Collection[str] = ()) -> dict[str, dict[str, float]]:
    """The scores by address and trait, of these products or of all."""
    query = select(*_TABLE.c["address", "trait", "score"]).order_by(_TABLE.c.address)
    found: dict[str, dict[str, float]] = {}
    for row in conn.execute(query.where(_TABLE.c.address.in_(addresses)) if addresses else query):
        found.setdefault(row.address, {})[row.trait] = row.score
    return found
