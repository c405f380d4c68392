"""What the database adds up is what the report says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mesh_orchestration.contract.model import Sla
from mesh_orchestration.sla.glance import glance
from mesh_orchestration.sla.report import Tally, report
from tests.builders import settings_at
from tests.sla.facts import ADDRESS, at, fact, ledger_in, look

TERMS = Sla(freshness="10s", availability=0.9)
WINDOWS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(days=1))


@pytest.mark.parametrize("second", [3, 10, 14, 30, 31, 47, 65])
def test_a_glance_says_of_every_level_and_window_what_the_report_says(tmp_path: Path, second: float) -> None:
    settings = settings_at(tmp_path)
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0, TERMS))
        look(ledger, 3)
        look(ledger, 9, trouble="its manifests cannot be read")
        look(ledger, 16)
        look(ledger, 30, fact(2, 30, TERMS.model_copy(update={"availability": 0.5})))
        look(ledger, 31)
        look(ledger, 60, fact(3, 47, TERMS))

        found = glance(settings, ledger, WINDOWS, now=at(60 + second))
        said = [report(settings, ledger, [ADDRESS], window=window, end=at(60 + second)).levels for window in WINDOWS]
    seen = {one.level: one for one in found}
    for window, levels in zip(WINDOWS, said, strict=True):
        for level in levels:
            one = seen[level.level]
            assert (one.state, one.threshold) == (level.state, level.threshold)
            assert _numbers(one.tallies[window]) == pytest.approx(_numbers(level.tally))


def test_an_age_is_that_of_now_and_not_the_worst_of_the_day(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0, TERMS))
        look(ledger, 9, fact(2, 8, TERMS))
        found = {one.level: one.value for one in glance(settings_at(tmp_path), ledger, WINDOWS, now=at(11))}
    assert found == {"freshness": 3, "availability": None}


def _numbers(tally: Tally) -> tuple[float, ...]:
    return (tally.kept, tally.broken, tally.unknown, tally.allowed)
