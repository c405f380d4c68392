"""Service levels for pages: those of one product, and how well the whole mesh keeps its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from mesh_orchestration.contract.address import Address
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import open_ledger
from mesh_orchestration.sla.report import LevelReport, Tally, report
from mesh_orchestration.web.kept import Kept

WINDOW = timedelta(days=30)
AGAIN = 15.0
"""Seconds after which the sum over the whole mesh is made anew."""


@dataclass(frozen=True)
class Standing:
    """How the mesh keeps its service levels: how many hold now, and the time of ``WINDOW`` together, by domain too."""

    kept: int
    broken: int
    unknown: int
    tally: Tally
    domains: Mapping[str, Tally]


def product_levels(settings: Settings, address: str) -> tuple[LevelReport, ...]:
    """The service levels of one product over ``WINDOW``."""
    with open_ledger(settings) as ledger:
        found = report(settings, ledger, [Address.parse(address)], window=WINDOW, end=settings.now())
    return found.levels


def standing(kept: Kept, settings: Settings) -> Standing:
    """How the mesh keeps its service levels, as of some seconds ago."""
    return kept.get("service levels", lambda: _standing(settings), seconds=AGAIN)


def _standing(settings: Settings) -> Standing:
    with open_ledger(settings) as ledger:
        addresses = [Address.parse(name) for name in sorted(ledger.standings())]
        found = report(settings, ledger, addresses, window=WINDOW, end=settings.now())
    domains: dict[str, Tally] = {}
    for one in found.levels:
        domains[one.address.domain] = domains.get(one.address.domain, Tally()).plus(one.tally)
    states = [one.state for one in found.levels]
    return Standing(states.count("kept"), states.count("broken"), states.count("unknown"), found.tally, domains)
