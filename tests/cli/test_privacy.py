"""What people may ask of their data, at the command line, on a mesh that dbt built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.orchestration.shop import REPOSITORY
from tests.privacy.people import ANN, BOB, CY, build, people_at, places, sell

NOBODY = "nobody is known by that key"


@pytest.mark.slow
def test_a_person_is_shown_erased_and_kept_out_of_the_next_run(tmp_path: Path) -> None:
    settings = people_at(tmp_path / "mesh")
    shutil.copy(REPOSITORY / "dagster.yaml", settings.root)
    files.write(load_mesh(settings), settings.root)
    sell(settings, "day3", f"5,{BOB},50,2026-11-03 10:00:00+00\n6,{CY},60,2026-11-03 11:00:00+00\n")
    assert mesh(settings, "run").code == 0
    before = totals(settings)

    planned = mesh(settings, "erase", "--subject", ANN, "--json")
    erased = mesh(settings, "erase", "--subject", ANN, "--reason", "asked to", "--yes", "--json")
    sell(settings, "day4", f"7,{ANN},1,2026-11-04 10:00:00+00\n")
    assert mesh(settings, "run").code == 0

    assert (planned.code, {one["kind"] for one in planned.json["found"]}) == (1, {"published", "engine", "landed"})
    assert (erased.code, erased.json["verified"], erased.json["reason"]) == (0, True, "asked to")
    assert ANN not in erased.out
    assert before == [{"buyers": 3, "amount": 210.0}]
    assert totals(settings) == [{"buyers": 2, "amount": 170.0}]
    assert places(settings) == {("landed", "day4.csv", 1)}


def totals(settings: Settings) -> object:
    return mesh(settings, "query", "select buyers, amount from billing.totals", "--json").json


@pytest.mark.slow
def test_the_access_report_is_masked_counted_and_logged(tmp_path: Path) -> None:
    settings = people_at(tmp_path / "mesh")
    build(settings, "r1")
    page = tmp_path / "report.html"

    report = mesh(settings, "access-report", "--subject", ANN, "--json", "--html", str(page))
    nobody = mesh(settings, "erase", "--subject", "nobody@example.com", "--yes")
    log = mesh(settings, "audit", "--product", "orders.order_lines.v1", "--point", "read", "--json").json

    assert report.code == 0
    lines = next(one for one in report.json["products"] if one["address"] == "orders.order_lines.v1")
    assert (lines["count"], len(lines["rows"]), lines["masked"]) == (2, 2, {"customer": "hash"})
    assert report.json["column"] in ("buyer", "customer")
    assert ANN not in report.out + page.read_text()
    assert "order_lines" in page.read_text()
    assert (nobody.code, NOBODY in nobody.out) == (0, True)
    assert log["decisions"][-1]["reason"].startswith("access report for subject ")
    assert ANN not in json.dumps(log)


@pytest.mark.slow
def test_words_that_cannot_be_meant_are_refused(tmp_path: Path) -> None:
    settings = people_at(tmp_path / "mesh")

    wrong = mesh(settings, "erase", "--subject", ANN, "--column", "amount")

    assert (wrong.code, "column 'amount' names nobody" in wrong.err) == (1, True)


@pytest.mark.slow
def test_retention_is_shown_first(tmp_path: Path) -> None:
    settings = people_at(tmp_path / "mesh", MESH_NOW="2026-12-02T10:30:00+00:00")
    build(settings, "r1")

    shown = mesh(settings, "retention", "--dry-run")
    done = mesh(settings, "retention", "--json")

    assert (shown.code, "nothing was changed" in shown.out) == (0, True)
    (lines,) = done.json["products"]
    assert (done.code, lines["trouble"] != "") == (1, True)
    assert (lines["rows"], lines["column"]) == (3, "sold_at")
