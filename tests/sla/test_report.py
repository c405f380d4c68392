"""Reports and the gate: numbers that can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import Sla
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.gate import Gate, expand
from mesh_orchestration.sla.ledger import open_ledger
from mesh_orchestration.sla.promises import promises, rate
from mesh_orchestration.sla.report import LevelReport, report
from tests.builders import mesh_at, product, settings_at
from tests.sla.facts import ADDRESS, at, fact, ledger_in, look

HOUR = 3600
HOURLY = Sla(freshness="1h")


def report_at(folder: Path, hours: float, window: timedelta = timedelta(days=7), **environ: str) -> LevelReport:
    settings = settings_at(folder, **environ)
    with open_ledger(settings) as ledger:
        (one,) = report(settings, ledger, [ADDRESS], window=window, end=at(hours * HOUR)).levels
        return one


def late_by_an_hour(folder: Path) -> None:
    """Published at 0 and 2 h, fresh for an hour each; the breach at 1 h is seen 15 minutes later."""
    with ledger_in(folder) as ledger:
        look(ledger, 0, fact(1, 0, HOURLY))
        look(ledger, 1.25 * HOUR)
        look(ledger, 2 * HOUR, fact(2, 2 * HOUR, HOURLY))


def test_compliance_budget_burn_breaches_and_times(tmp_path: Path) -> None:
    late_by_an_hour(tmp_path)
    one = report_at(tmp_path, 3, MESH_SLA_TARGET="75%")

    assert (one.state, one.since, one.value) == ("kept", at(2 * HOUR), HOUR)
    assert one.tally.compliance == pytest.approx(2 / 3)
    assert one.tally.allowed == 0.25 * 3 * HOUR
    assert one.budget_left == -0.25 * HOUR
    assert one.tally.burn == pytest.approx(4 / 3)
    assert one.burns == (0.0, pytest.approx(4 / 3))
    (breach,) = one.breaches
    assert (breach.start, breach.end, breach.snapshot) == (at(HOUR), at(2 * HOUR), 1)
    assert (one.to_detect, one.to_recover) == (900, HOUR)


def test_what_is_broken_at_the_end_goes_on(tmp_path: Path) -> None:
    late_by_an_hour(tmp_path)
    one = report_at(tmp_path, 3.5)
    assert (one.state, one.since, len(one.breaches), one.breaches[-1].end) == ("broken", at(3 * HOUR), 2, None)
    assert one.breaches[-1].detected is None
    assert one.to_recover == HOUR


def test_a_past_moment_is_reported_as_it_was(tmp_path: Path) -> None:
    late_by_an_hour(tmp_path)
    one = report_at(tmp_path, 1.5)
    assert (one.state, one.tally.kept, one.tally.broken) == ("broken", HOUR, HOUR / 2)
    assert report_at(tmp_path, 1.5, timedelta(minutes=15)).tally.kept == 0


def test_days_weeks_and_months_add_up(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        for day in range(20):  # from Friday 2026-11-20 06:00 on, fresh for twelve hours of each day
            look(ledger, day * 86400, fact(day + 1, day * 86400, Sla(freshness="12h")))
    one = report_at(tmp_path, 20 * 24, timedelta(days=30))

    assert [len(one.periods[unit]) for unit in ("day", "week", "month")] == [21, 4, 2]
    assert [period.start for period in one.periods["week"]][:2] == [
        datetime(2026, 11, 16, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
    ]
    for periods in one.periods.values():
        assert sum(period.tally.kept for period in periods) == one.tally.kept == 20 * 12 * HOUR
        assert sum(period.tally.known for period in periods) == one.tally.known
    assert one.periods["day"][1].tally.compliance == 0.5


def test_availability_has_its_own_target_and_unknown_time_no_budget(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0, Sla(availability=0.75)))
        for second in (8, 16):
            look(ledger, second)
        look(ledger, 100, trouble="gone")
        look(ledger, 108)
    one = report_at(tmp_path, 108 / HOUR)

    assert (one.target, one.tally.kept, one.tally.broken, one.tally.unknown) == (0.75, 16, 8, 84)
    assert one.tally.allowed == 6
    assert (one.tally.measured, one.breaches[0].note) == (pytest.approx(24 / 108), "gone")


def test_a_target_of_everything_leaves_no_budget(tmp_path: Path) -> None:
    late_by_an_hour(tmp_path)
    one = report_at(tmp_path, 3, MESH_SLA_TARGET="100%")
    assert (one.tally.allowed, one.tally.burn, one.budget_left) == (0, None, -HOUR)


@pytest.mark.parametrize(
    ("text", "rows"),
    [("1000 rows/s", 1000), ("10k events per minute", 10_000 / 60), ("5/h", 5 / 3600),
     ("1,000 rows / day", 1000 / 86400), ("2.5M rows/hours", 2.5e6 / 3600), ("a lot", None), ("10 rows", None),
     ("1 row/fortnight", None), ("1.2.3/s", None)],
)  # fmt: skip
def test_a_throughput_is_read_as_a_rate_or_not_at_all(text: str, rows: float | None) -> None:
    assert rate(text) == (pytest.approx(rows) if rows else None)


def test_promises_keep_the_direction_of_their_level() -> None:
    said = promises(Sla(latency="5m", completeness=0.9, throughput="soon"))
    assert list(said) == ["completeness", "latency", "throughput"]
    assert (said["latency"].keeps(300), said["latency"].keeps(301)) == (True, False)
    assert (said["completeness"].keeps(0.9), said["completeness"].keeps(0.89)) == (True, False)
    assert not said["throughput"].keeps(1e9)


def test_a_target_that_is_no_share_is_said_so(tmp_path: Path) -> None:
    late_by_an_hour(tmp_path)
    with pytest.raises(SettingsError, match="MESH_SLA_TARGET='99' is not a share"):
        report_at(tmp_path, 3, MESH_SLA_TARGET="99")


def gate_at(settings: Settings, hours: float, **environ: str) -> Gate:
    now = at(hours * HOUR).isoformat()
    given = settings_at(settings.root, MESH_NOW=now, **environ)
    with open_ledger(given) as ledger:
        return expand(given, load_mesh(given), ledger)


def test_the_gate_opens_when_enough_was_kept_and_says_what_held_it_shut(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(sla={"freshness": "1h"}))
    late_by_an_hour(tmp_path)

    open_gate = gate_at(settings, 3, MESH_GATE_SHARE="60%")
    assert (open_gate.holds, open_gate.reasons, open_gate.below) == (True, (), ())

    shut = gate_at(settings, 3)
    assert not shut.holds
    assert shut.reasons == ("66.666 % of the known time was kept, the gate asks for 99 %",)
    assert [(one.level, one.breaches[0].start) for one in shut.below] == [("freshness", at(HOUR))]


def test_the_gate_does_not_take_silence_for_an_answer(tmp_path: Path) -> None:
    settings = mesh_at(
        tmp_path,
        product(sla={"freshness": "1h"}),
        product("orders.orders.v1", sla={"freshness": "1h"}),
        product("orders.plan.v1", sla={"freshness": "1h"}, status="draft"),
        product("orders.free.v1"),
    )
    nothing = gate_at(settings, 1)
    assert nothing.reasons[0].startswith("nothing is measured yet")
    assert [str(one) for one in nothing.missing] == ["orders.order_lines.v1", "orders.orders.v1"]

    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0, Sla(availability=0.9, freshness="9h")))
    silent = gate_at(settings, 1)
    assert silent.reasons == (
        "only 50 % of the time was measured, the gate asks for 90 %",
        "orders.orders.v1 promises service levels and was never published",
    )
    assert [one.level for one in silent.unmeasured] == ["availability"]


def test_the_gate_is_shut_while_contracts_cannot_be_read(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(sla={"freshness": "1h"}), product("billing.revenue.v1"))
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0, HOURLY))
    assert gate_at(settings, 0.5).holds
    (settings.contracts_dir / "billing" / "revenue" / "v1.yaml").write_text("kind: [")
    assert gate_at(settings, 0.5).reasons == ("the contracts of billing are broken, so nobody knows what it promises",)
