"""Publications and looks at them, made up: moments are whole seconds after NOON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import Sla
from mesh_orchestration.sla.course import Interval
from mesh_orchestration.sla.ledger import Ledger, open_ledger
from mesh_orchestration.sla.measure import Fact
from mesh_orchestration.sla.record import Recorded, write
from mesh_orchestration.sla.sighting import Sighting
from tests.builders import settings_at
from tests.publication.publishing import NOW

ADDRESS = Address.parse("orders.order_lines.v1")
HOLD = timedelta(seconds=10)


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


def fact(number: int, second: float, sla: Sla | None = None, **said: Any) -> Fact:
    """Publication ``number`` (from 1) of three rows, published at ``second``."""
    known = {"version": "1.0.0", "rows": 3, "sla": sla or Sla(freshness="10s")} | said
    return Fact(snapshot=number, parent=number - 1 or None, sequence=number, at=at(second), **known)


def ledger_in(folder: Path) -> Ledger:
    return open_ledger(settings_at(folder))


def look(
    ledger: Ledger, second: float, *facts: Fact, trouble: str = "", living: bool = True, table: str = "t"
) -> Recorded:
    """One look at the product at ``second`` that shows these publications."""
    served = facts[-1].snapshot if facts else None
    seen = [Sighting(ADDRESS, table, served, tuple(facts), trouble)] if living else []
    return write(ledger, seen, frozenset({str(ADDRESS)} if living else ()), now=at(second), hold=HOLD)


def intervals(ledger: Ledger, level: str, until: float) -> tuple[Interval, ...]:
    """What the ledger says of the service level up to a second."""
    found = ledger.intervals(since=at(-1), until=at(until))
    return tuple(one for one in found.get((str(ADDRESS), level), ()) if one.start < one.end)


def states(said: Sequence[Interval]) -> list[tuple[float, float, str]]:
    """From which second to which what held."""
    return [((one.start - NOW).total_seconds(), (one.end - NOW).total_seconds(), one.state) for one in said]


def by_second(said: Sequence[Interval]) -> dict[int, str]:
    """The state at each whole second; an interval holds its start and not its end."""
    return {
        second: state for start, end, state in states(said) for second in range(int(start), int(end)) if start <= second
    }
