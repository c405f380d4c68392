"""What was published and refused, and how the checks went, one attempt after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, select

from mesh_orchestration.catalog.tables_products import CHECK_RESULTS, PUBLICATIONS, RUN_COSTS


@dataclass(frozen=True)
class Publication:
    """One attempt to publish. ``snapshot`` is None for a refusal that wrote no rows; ``branch`` is ``main`` or the
    audit branch that keeps refused rows; ``seconds`` is the run time, None when it is not known; ``rewrite`` says why
    rows were only taken out (``erasure``, ``retention``)."""

    address: str
    attempt: str
    snapshot: int | None
    branch: str
    at: datetime
    run_id: str
    published: bool
    version: str
    hash: str
    rows: int
    bytes: int
    seconds: float | None
    passed: int
    failed: int
    warned: int
    reasons: tuple[str, ...]
    inputs: Mapping[str, Any]
    rewrite: str
    policy_hash: str


@dataclass(frozen=True)
class Publications:
    """Some of the attempts, newest first, and how many there are."""

    publications: tuple[Publication, ...]
    total: int


@dataclass(frozen=True)
class Sample:
    """Rows that broke a check, masked as the contract says; ``note`` says why there are none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str


@dataclass(frozen=True)
class CheckPoint:
    """How a check went in one attempt; ``share`` is the failing share of the elements, None when it has none."""

    at: datetime
    attempt: str
    passed: bool
    published: bool
    unexpected: int | None
    elements: int | None
    observed: Any
    share: float | None


@dataclass(frozen=True)
class CheckHistory:
    """One check over time, oldest first; ``sample`` is of its newest failure whose rows were kept."""

    name: str
    expectation: str
    column: str
    severity: str
    points: tuple[CheckPoint, ...]
    sample: Sample | None

    @property
    def last(self) -> CheckPoint:
        return self.points[-1]


def publications(
    conn: Connection, address: str, *, published: bool | None = None, limit: int = 50, offset: int = 0
) -> Publications:
    """The attempts to publish a product; all, or only those that were (not) published."""
    table = PUBLICATIONS
    wanted = table.c.address == address
    if published is not None:
        wanted = and_(wanted, table.c.published == published)
    timed = and_(RUN_COSTS.c.run_id == table.c.run_id, RUN_COSTS.c.address == table.c.address)
    query = (
        select(table, RUN_COSTS.c.seconds)
        .select_from(table.outerjoin(RUN_COSTS, timed))
        .where(wanted)
        .order_by(table.c.at.desc(), table.c.attempt.desc())
    )
    rows = conn.execute(query.limit(limit).offset(offset)).mappings()
    total = conn.execute(select(func.count()).select_from(table).where(wanted)).scalar_one()
    return Publications(tuple(_publication(row) for row in rows), total)


def check_history(conn: Connection, address: str, *, check: str = "", limit: int = 60) -> tuple[CheckHistory, ...]:
    """Each check of a product, or one, in its last ``limit`` attempts; those that failed last come first."""
    table, tried = CHECK_RESULTS, PUBLICATIONS
    recent = (
        select(tried.c.attempt, tried.c.published)
        .where(tried.c.address == address, tried.c.rewrite == "")
        .order_by(tried.c.at.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(table, recent.c.published)
        .join(recent, recent.c.attempt == table.c.attempt)
        .where(table.c.address == address)
        .order_by(table.c.at, table.c.attempt)
    )
    found: dict[str, list[RowMapping]] = {}
    for row in conn.execute(query.where(table.c.check == check) if check else query).mappings():
        found.setdefault(row["check"], []).append(row)
    histories = [_history(name, rows) for name, rows in found.items()]
    return tuple(sorted(histories, key=lambda one: (one.last.passed, one.severity, one.name)))


def _publication(row: RowMapping) -> Publication:
    said = {name: row[name] for name in Publication.__dataclass_fields__}
    return Publication(**said | {"reasons": tuple(json.loads(row["reasons"])), "inputs": json.loads(row["inputs"])})


def _history(name: str, rows: list[RowMapping]) -> CheckHistory:
    last = rows[-1]
    kept = next((row["sample"] for row in reversed(rows) if row["sample"]), "")
    points = tuple(_point(row) for row in rows)
    return CheckHistory(name, last["expectation"], last["column"], last["severity"], points, _sample(kept))


def _point(row: RowMapping) -> CheckPoint:
    unexpected, elements = row["unexpected"], row["elements"]
    return CheckPoint(
        at=row["at"],
        attempt=row["attempt"],
        passed=row["passed"],
        published=row["published"],
        unexpected=unexpected,
        elements=elements,
        observed=json.loads(row["observed"]),
        share=unexpected / elements if unexpected is not None and elements else None,
    )


def _sample(text: str) -> Sample | None:
    if not text:
        return None
    said = json.loads(text)
    return Sample(tuple(said["columns"]), tuple(tuple(row) for row in said["rows"]), said["note"])
