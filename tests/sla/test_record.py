"""Recording a real lake: publications, refusals, lost files, contracts that change, ledgers that are lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct, Sla
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Interval
from mesh_orchestration.sla.ledger import Ledger, ledger_file, open_ledger
from mesh_orchestration.sla.rebuild import rebuild
from mesh_orchestration.sla.record import Recorded, record
from mesh_orchestration.sla.sighting import promised
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.snapshots import published
from mesh_orchestration.storage.upkeep import Policy, maintain, snapshot_files
from tests.builders import mesh_at, product
from tests.publication.publishing import NOW, copy_to, no_negative_amounts, publish_orders
from tests.sla.facts import states

SLA = {
    "freshness": "1h", "event_time": "event_ts", "event_freshness": "8h", "availability": "99%",
    "completeness": "99%", "accuracy": "90%", "latency": "90m", "throughput": "1 row/h",
}  # fmt: skip
LINES = product(sla=SLA)
KEY = str(LINES.address)


def hour(settings: Settings, hours: float) -> Settings:
    """The same mesh, so many hours after NOW."""
    return replace(settings, environ={**settings.environ, "MESH_NOW": (NOW + timedelta(hours=hours)).isoformat()})


def publish(settings: Settings, hours: float, *amounts: float | None, **said: Any) -> None:
    with open_lake(settings) as lake:
        at = NOW + timedelta(hours=hours)
        given = {"contract": LINES, "run": f"r{hours}", "now": at, "audit": None} | said
        publish_orders(lake, *(amounts or (1, 2, 3)), **given)


def look(settings: Settings, hours: float) -> Recorded:
    at = hour(settings, hours)
    with open_ledger(at) as ledger:
        return record(at, load_mesh(at), ledger)


def said(settings: Settings, level: str, hours: float, address: str = KEY) -> tuple[Interval, ...]:
    with open_ledger(settings) as ledger:
        return everything(ledger, hours).get((address, level), ())


def everything(ledger: Ledger, hours: float) -> dict[tuple[str, str], tuple[Interval, ...]]:
    return ledger.intervals(since=NOW - timedelta(days=9), until=NOW + timedelta(hours=hours))


def minutes(intervals: tuple[Interval, ...]) -> list[tuple[int, int, str]]:
    return [(round(start / 60), round(end / 60), state) for start, end, state in states(intervals)]


@pytest.fixture
def mesh(tmp_path: Path) -> Settings:
    return mesh_at(tmp_path, LINES)


def test_every_level_of_a_contract_is_measured_from_the_snapshot(mesh: Settings) -> None:
    publish(mesh, 0)
    publish(mesh, 0.25, 1, 2)
    look(mesh, 0.5)

    values = {level: said(mesh, level, 0.5)[-1] for level in SLA if level != "event_time"}
    assert {level: one.state for level, one in values.items()} == dict.fromkeys(values, "kept")
    assert [one.state for one in said(mesh, "availability", 0.5)] == ["unknown", "kept"]  # tried just now
    assert values["completeness"].check == "contract__not_null__event_ts"
    assert values["accuracy"].check == "contract__unique__order_id"
    assert values["latency"].value == pytest.approx(75 * 60, abs=60)  # 05:00 to 06:15
    assert values["throughput"].value == pytest.approx(2 / 900, rel=0.01)
    assert minutes(said(mesh, "event_freshness", 8)) == [(0, 420, "kept"), (420, 480, "broken")]


def test_a_refused_publication_does_not_make_the_data_younger(mesh: Settings) -> None:
    publish(mesh, 0)
    publish(mesh, 0.5, -1, audit=no_negative_amounts)
    look(mesh, 2)

    assert minutes(said(mesh, "freshness", 2)) == [(0, 60, "kept"), (60, 120, "broken")]


def test_rows_that_are_only_taken_out_do_not_either(mesh: Settings) -> None:
    publish(mesh, 0)
    publish(mesh, 0.5, 1, rewrite="erasure")
    publish(mesh, 1.5)
    look(mesh, 2)

    assert minutes(said(mesh, "freshness", 2)) == [(0, 60, "kept"), (60, 90, "broken"), (90, 120, "kept")]


def events_of(moment: str) -> Any:
    """An export of one order whose event was at ``moment``."""

    def export(directory: Path) -> list[Path]:
        copy_to(
            directory / "rows.parquet",
            f"select 'a' as order_id, 1::decimal(12,2) as amount, timestamptz '{moment}:00+00' as event_ts",
        )
        return [directory / "rows.parquet"]

    return export


def test_an_old_partition_that_is_run_again_does_not_either(mesh: Settings) -> None:
    publish(mesh, 0, export=events_of("2026-11-20 05:00"))
    publish(mesh, 0.5, export=events_of("2026-10-01 05:00"))
    publish(mesh, 0.75, export=events_of("2026-10-02 05:00"))  # further than the one before, and still a backfill
    publish(mesh, 1.5, export=events_of("2026-11-20 05:00"))
    look(mesh, 2)

    assert minutes(said(mesh, "freshness", 2)) == [(0, 60, "kept"), (60, 90, "broken"), (90, 120, "kept")]


def test_events_that_are_withdrawn_leave_a_publication_that_counts(mesh: Settings) -> None:
    publish(mesh, 0, export=events_of("2026-11-20 09:00"))  # ahead of its publication
    publish(mesh, 0.5, export=events_of("2026-11-20 04:00"))
    look(mesh, 1.25)

    assert minutes(said(mesh, "freshness", 1.25)) == [(0, 75, "kept")]


def test_a_column_that_its_own_check_lets_be_emptier_than_promised_is_not_counted(tmp_path: Path) -> None:
    checks = [{"column": "amount", "assertion": "expect_column_values_to_not_be_null", "threshold": 0.5}]
    lines = product(sla={"completeness": "90%"}, checks=checks)
    mesh = mesh_at(tmp_path, lines)
    publish(mesh, 0, 1, 2, 3, None, contract=lines)
    look(mesh, 0.1)
    (found,) = said(mesh, "completeness", 0.2)
    assert (found.state, found.value) == ("kept", 1.0)

    publish(mesh, 0.5, 1, None, None, None, contract=lines, audit=failing_softly)
    look(mesh, 0.6)
    found = said(mesh, "completeness", 0.6)[-1]
    assert (found.state, found.value, found.check) == ("broken", 0.25, "filled")


def failing_softly(product: DataProduct, paths: Sequence[Path], now: datetime) -> tuple[CheckResult, ...]:
    check = Check("filled", "expect_column_values_to_not_be_null", {"column": "amount"}, severity="warn")
    return (CheckResult(check, success=False, element_count=4, unexpected_count=3),)


def test_policies_that_cannot_be_read_make_every_product_unavailable(mesh: Settings) -> None:
    publish(mesh, 0)
    look(mesh, 0.01)
    rules = mesh.root / "policies" / "rules"
    rules.mkdir(parents=True)
    (rules / "broken.rego").write_text("package mesh.rules.broken\n", encoding="utf-8")
    assert look(mesh, 0.02).broken == (f"{KEY} availability",)
    assert "every reader is denied" in said(mesh, "availability", 0.03)[-1].note

    (rules / "broken.rego").unlink()
    assert look(mesh, 0.03).broken == ()


def test_a_lost_file_breaks_availability_from_the_look_that_found_it(mesh: Settings) -> None:
    publish(mesh, 0)
    look(mesh, 0.01)
    with open_lake(mesh) as lake:
        table, current = lake.table(LINES.address), published(lake, LINES.address)
        assert table is not None
        assert current is not None
        (data,) = snapshot_files(table, current.snapshot_id).data
    file = Path(data.removeprefix("file://"))
    whole = file.read_bytes()

    file.write_bytes(whole[:-20])
    assert look(mesh, 0.02).broken == (f"{KEY} availability",)
    file.unlink()
    look(mesh, 0.03)
    file.write_bytes(whole)
    assert look(mesh, 0.04).broken == ()

    found = said(mesh, "availability", 0.05)
    assert [one.state for one in found] == ["unknown", "kept", "broken", "broken", "kept"]
    assert file.name in found[2].note
    assert found[2].detected == NOW + timedelta(hours=0.02)
    assert found[2].snapshot == current.snapshot_id
    assert len(said(mesh, "freshness", 0.05)) == 1


def test_an_unreachable_warehouse_is_written_down_and_resets_nothing(mesh: Settings) -> None:
    publish(mesh, 0)
    look(mesh, 0.01)
    catalog = mesh.home / "catalog.db"
    aside = catalog.rename(mesh.home / "away.db")
    catalog.mkdir()
    assert look(mesh, 0.02).broken == (f"{KEY} availability",)
    catalog.rmdir()
    aside.rename(catalog)
    look(mesh, 2)

    assert minutes(said(mesh, "freshness", 2)) == [(0, 60, "kept"), (60, 120, "broken")]
    assert [one.state for one in said(mesh, "availability", 2)] == ["unknown", "kept", "unknown", "kept"]


def test_a_later_version_begins_an_interval_with_its_own_threshold(mesh: Settings) -> None:
    publish(mesh, 0)
    look(mesh, 0.5)
    wider = product(sla={"freshness": "3h"}, version="1.1.0")
    mesh_at(mesh.root, wider)
    look(mesh, 1.5)  # the contract says 3h by now, what is served was published under 1h
    publish(mesh, 2, contract=wider)
    look(mesh, 6)

    found = said(mesh, "freshness", 6)
    assert minutes(found) == [(0, 60, "kept"), (60, 120, "broken"), (120, 300, "kept"), (300, 360, "broken")]
    assert [(one.version, one.threshold) for one in found] == [("1.0.0", 3600)] * 2 + [("1.1.0", 10800)] * 2
    assert said(mesh, "completeness", 6)[-1].end == found[2].start  # promised no more


def test_snapshots_that_expired_while_nobody_looked_leave_unknown_time(mesh: Settings) -> None:
    publish(mesh, 0)
    look(mesh, 0.1)
    for hours in (0.5, 2, 4):
        publish(mesh, hours)
    with open_lake(mesh) as lake:
        maintain(lake, LINES.address, Policy(snapshots=1, grace=timedelta(0)))
    look(mesh, 4.5)

    assert minutes(said(mesh, "freshness", 4.5)) == [(0, 60, "kept"), (60, 240, "unknown"), (240, 270, "kept")]
    assert minutes(said(mesh, "accuracy", 4.5)) == [(0, 6, "kept"), (6, 240, "unknown"), (240, 270, "kept")]


def test_what_arrived_is_held_against_what_was_there(tmp_path: Path) -> None:
    reader = product(
        "billing.revenue.v1",
        inputs=[{"name": "lines", "type": "data-product", "product": KEY}],
        sla={"completeness": "99%"},
    )
    mesh = mesh_at(tmp_path, LINES, reader)
    publish(mesh, 0, 1, 2, 3, 4)
    with open_lake(mesh) as lake:
        source = published(lake, LINES.address)
        assert source is not None
    inputs = {"lines": {"snapshot": str(source.snapshot_id), "rows": "3"}}
    publish(mesh, 0.1, contract=reader, input_snapshots=inputs)
    look(mesh, 0.2)

    (found,) = said(mesh, "completeness", 0.2, "billing.revenue.v1")
    assert (found.state, found.value, found.check) == ("broken", 0.75, "input lines")


def test_a_day_counts_from_its_midnight(tmp_path: Path) -> None:
    fields = {"order_id": {"type": "string", "constraints": {"primary_key": True}}, "sold_on": "date"}
    daily = product(fields=fields, sla={"event_time": "sold_on", "event_freshness": "1d"})
    mesh = mesh_at(tmp_path, daily)

    def export(directory: Path) -> list[Path]:
        copy_to(directory / "rows.parquet", "select 'a' as order_id, date '2026-11-20' as sold_on")
        return [directory / "rows.parquet"]

    publish(mesh, 0, contract=daily, export=export)
    look(mesh, 1)
    assert minutes(said(mesh, "event_freshness", 20)) == [(0, 18 * 60, "kept"), (18 * 60, 20 * 60, "broken")]


def test_a_product_of_a_broken_domain_is_still_recorded(mesh: Settings) -> None:
    publish(mesh, 0)
    look(mesh, 0.1)
    (mesh.contracts_dir / "orders" / "order_lines" / "v1.yaml").write_text("kind: [")
    publish(mesh, 0.5)
    look(mesh, 1)

    assert minutes(said(mesh, "freshness", 1)) == [(0, 60, "kept")]


def test_a_lost_ledger_comes_back_the_same_but_for_what_only_looks_knew(mesh: Settings) -> None:
    history = ((0, 0.1), (0.5, 0.6), (2, 2.2), (2.5, 5))
    for published_at, looked_at in history:
        publish(mesh, published_at)
        look(mesh, looked_at)
    with open_ledger(mesh) as ledger:
        before = everything(ledger, 5)
    assert any(one.detected for ones in before.values() for one in ones)

    file = ledger_file(mesh)
    file.write_bytes(b"no database " * 999)
    done = rebuild(hour(mesh, 5), load_mesh(mesh))
    assert done.aside is not None
    assert done.aside.read_bytes().startswith(b"no database")
    assert (done.recorded.products, done.recorded.publications) == (1, 4)
    with open_ledger(mesh) as ledger:
        after = everything(ledger, 5)

    def measured(found: dict[tuple[str, str], tuple[Interval, ...]]) -> dict[str, list[Interval]]:
        return {
            level: [replace(one, detected=None) for one in ones]
            for (_, level), ones in found.items()
            if level != "availability"
        }

    assert measured(after) == measured(before)
    assert [one.state for one in after[KEY, "availability"]] == ["unknown", "kept"]

    again = rebuild(hour(mesh, 5), load_mesh(mesh))
    assert (again.aside, again.recorded.publications, again.recorded.intervals) == (None, 0, 0)


def test_a_snapshot_of_an_older_stamp_is_judged_by_a_contract_that_is_still_the_same(mesh: Settings) -> None:
    publish(mesh, 0)
    with open_lake(mesh) as lake:
        current = published(lake, LINES.address)
    assert current is not None
    old = replace(current, sla={})
    assert promised(LINES, old) == LINES.spec.sla
    assert promised(product(sla={"freshness": "9h"}), old) == Sla()
    assert promised(product(sla={"freshness": "9h"}), current) == LINES.spec.sla
