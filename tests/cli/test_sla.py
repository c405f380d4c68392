"""``mesh sla`` and ``mesh gate expand`` as a person uses them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import ledger_file
from mesh_orchestration.sla.wording import burn
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import mesh_at, product
from tests.cli.mesh import Answer, mesh
from tests.publication.publishing import NOW, publish_orders
from tests.sla.test_record import hour, publish

LINES = product(sla={"freshness": "1h", "availability": "99.9%", "completeness": "99%"})
KEY = str(LINES.address)


@pytest.fixture
def told(tmp_path: Path) -> Settings:
    """A product that was published at 06:00 and 08:00 and promises to be an hour old at most."""
    settings = mesh_at(tmp_path, LINES)
    publish(settings, 0, contract=LINES)
    publish(settings, 2, contract=LINES)
    return settings


def ask(settings: Settings, hours: float, *words: str) -> Answer:
    return mesh(hour(settings, hours), *words)


@pytest.mark.parametrize(
    ("rate", "text"), [(None, "-"), (0.0, "0×"), (1.26, "1.3×"), (99.96, "100×"), (1234.5, "1234×")]
)
def test_a_burn_rate_is_a_plain_number(rate: float | None, text: str) -> None:
    assert burn(rate) == text


@pytest.mark.slow
def test_a_person_asks_how_a_product_keeps_its_sla(told: Settings) -> None:
    fine = ask(told, 2.5, "sla", KEY, "--window", "1d")
    assert (fine.code, fine.err) == (0, "")
    assert "freshness" in fine.out
    assert "broken 2026-11-20 07:00:00 to 2026-11-20 08:00:00, 1h 59m against 1h" in fine.out

    late = ask(told, 3.5, "sla", "--json")
    assert (late.code, late.json["broken"]) == (1, [f"{KEY} freshness"])
    levels = {one["level"]: one for one in late.json["service_levels"]}
    assert list(levels) == ["freshness", "availability", "completeness"]
    assert levels["freshness"]["broken_seconds"] == pytest.approx(1.5 * 3600, abs=5)
    assert levels["freshness"]["breaches"][-1]["end"] is None
    assert len(levels["freshness"]["periods"]["day"]) == 1
    assert levels["availability"]["state"] == "kept"

    before = ask(told, 3.5, "sla", "orders", "--as-of", NOW.replace(hour=6, minute=30).isoformat(), "--json")
    assert (before.code, before.json["compliance"]) == (0, 1.0)


@pytest.mark.slow
def test_by_the_real_clock_the_first_question_already_knows_that_the_product_can_be_read(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, LINES)
    with open_lake(settings) as lake:
        publish_orders(lake, 1, 2, run="r1", contract=LINES, now=datetime.now(UTC), audit=None)
    levels = mesh(settings, "sla", "--json").json["service_levels"]
    assert {one["level"]: one["state"] for one in levels} == dict.fromkeys(
        ("freshness", "availability", "completeness"), "kept"
    )


@pytest.mark.slow
def test_wrong_usage_is_said_so(told: Settings) -> None:
    soon = ask(told, 3, "sla", "--window", "soon")
    assert (soon.code, "'soon' is not a duration" in soon.err) == (2, True)
    unknown = ask(told, 3, "sla", "orders.order_linse")
    assert (unknown.code, "order_lines" in unknown.err) == (1, True)


@pytest.mark.slow
def test_a_damaged_ledger_is_put_aside_and_comes_back(told: Settings) -> None:
    known = ask(told, 2.5, "sla", "--json").json["service_levels"][0]
    ledger_file(told).write_bytes(b"\0" * 5000)
    broken = ask(told, 2.5, "sla")
    assert (broken.code, "mesh sla rebuild" in broken.err) == (2, True)

    done = ask(told, 2.5, "sla", "rebuild")
    assert (done.code, "2 publications" in done.out, ".damaged.db" in done.out) == (0, True, True)
    after = ask(told, 2.5, "sla", "--json").json["service_levels"][0]
    assert {**after, "breaches": []} == {**known, "breaches": []}


@pytest.mark.slow
def test_the_gate_answers_with_evidence_and_an_exit_code(told: Settings) -> None:
    shut = ask(told, 2.5, "gate", "expand")
    assert (shut.code, "the gate is shut" in shut.out, f"{KEY} freshness" in shut.out) == (1, True, True)

    low = {**told.environ, "MESH_GATE_SHARE": "50%", "MESH_GATE_MEASURED": "50%"}
    opened = ask(Settings(told.root, told.home, low), 2.5, "gate", "expand", "--json")
    assert (opened.code, opened.json["holds"], opened.json["reasons"]) == (0, True, [])
    assert opened.json["compliance"] == pytest.approx(0.75, abs=0.1)
