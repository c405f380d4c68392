"""The report of now and of a past moment, from git, the lake and the log."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesh_orchestration.compliance.collect import collect
from mesh_orchestration.compliance.page import page
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import contract_text, product, write_contract
from tests.cli.mesh import mesh
from tests.governance.policies import write_rule
from tests.publication.publishing import publish_orders

BODY = """deny contains finding if {
	input.product.metadata.version == "1.1.0"
	finding := {"path": "metadata.version", "message": "is <b>no</b> version"}
}
"""
WAIVER = """rule: VER-001
address: orders.order_lines.v1
owner: team:orders
approver: team:council
reason: The source system gives no other version before spring.
expires: 2026-12-31
"""


def commit(settings: Settings, day: str) -> None:
    """Everything below the root as a commit of noon of ``day``."""
    at = f"{day}T12:00:00+00:00"
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    if not (settings.root / ".git").exists():
        subprocess.run(["git", "init", "-q", "-b", "main", str(settings.root)], check=True, timeout=30)
    subprocess.run(["git", "-C", str(settings.root), "add", "contracts", "policies"], check=True, timeout=30)
    environ = {
        **settings.environ,
        "GIT_AUTHOR_DATE": at,
        "GIT_COMMITTER_DATE": at,
        "PATH": os.environ["PATH"],
    }
    command = ["git", "-C", str(settings.root), *who, "commit", "-q", "-m", day]
    subprocess.run(command, check=True, timeout=30, env=environ)


def at(settings: Settings, day: str) -> Settings:
    return replace(settings, environ={**settings.environ, "MESH_NOW": f"{day}T12:30:00+00:00"})


def publish(settings: Settings, run: str, version: str = "1.0.0") -> None:
    with open_lake(settings) as lake:
        publish_orders(lake, 1, 2, run=run, now=settings.now(), contract=product(version=version))


@pytest.fixture
def told(settings: Settings) -> Settings:
    """A mesh with a rule, published on the 1st, whose contract breaks the rule from the 10th on."""
    write_rule(settings.root, body=BODY)
    write_contract(settings.root, contract_text())
    commit(settings, "2026-11-01")
    publish(at(settings, "2026-11-01"), "r1")
    write_contract(settings.root, contract_text(version="1.1.0"))
    commit(settings, "2026-11-10")
    publish(at(settings, "2026-11-10"), "r2", "1.1.0")
    return at(settings, "2026-11-20")


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T13:00:00").replace(tzinfo=UTC)


def test_a_denied_product_is_not_compliant_though_it_still_serves(told: Settings) -> None:
    report = collect(told)
    (one,) = report.products

    assert not report.compliant
    assert [verdict.code for verdict in one.denials] == ["VER-001"]
    assert one.published is not None
    assert one.published.at.date().isoformat() == "2026-11-01"
    assert (one.published.policy_hash != "", one.published.decision != "") == (True, True)
    assert (report.decisions.records, report.decisions.denied, report.decisions.whole) == (2, 1, True)


def test_a_past_moment_is_judged_by_what_held_then_and_always_the_same(told: Settings) -> None:
    then = collect(told, as_of=noon("2026-11-05"))
    assert (then.compliant, then.products[0].version, then.decisions.records) == (True, "1.0.0", 1)

    publish(at(told, "2026-11-20"), "r3")
    later = at(told, "2026-11-21")
    assert collect(later, as_of=noon("2026-11-05")) == then


def test_an_expired_waiver_is_reported_and_does_not_count(told: Settings) -> None:
    folder = told.root / "policies" / "waivers"
    folder.mkdir()
    (folder / "versions.yaml").write_text(WAIVER)
    waived = collect(told)
    assert (waived.compliant, waived.rules[0].waived, waived.waivers[0].holds) == (True, 1, True)

    expired = collect(at(told, "2027-01-01"))
    assert (expired.compliant, expired.rules[0].broken, expired.waivers[0].holds) == (False, 1, False)


def test_a_moment_before_the_history_is_said_so(told: Settings) -> None:
    with pytest.raises(SettingsError, match="git knows no contracts of 2025"):
        collect(told, as_of=noon("2025-01-01"))


def test_a_changed_log_is_not_compliant(told: Settings) -> None:
    (path,) = (told.home / "decisions").glob("*.jsonl")
    path.write_text(path.read_text().replace('"deny"', '"allow"'))

    assert not collect(told, as_of=noon("2026-11-05")).compliant


def test_the_page_shows_it_and_escapes_what_contracts_and_policies_say(told: Settings) -> None:
    shown = page(collect(told))

    for said in (
        "orders.order_lines.v1",
        "VER-001",
        "is &lt;b&gt;no&lt;/b&gt; version",
        "not compliant",
        "2 on record",
    ):
        assert said in shown
    assert "<b>no</b>" not in shown


@pytest.mark.slow
def test_a_person_asks_for_json_and_a_page(told: Settings, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    now = mesh(told, "compliance", "--json", "--html", str(file))
    assert (now.code, now.json["share"], now.json["domains"]) == (1, 0.0, {"orders": 0.0})
    assert file.read_text().startswith("<!doctype html>")

    then = mesh(told, "compliance", "orders", "--as-of", "2026-11-05T13:00:00")
    assert (then.code, "100% of 1 products compliant at 2026-11-05 13:00:00 UTC" in then.out) == (0, True)
    assert mesh(told, "compliance", "--as-of", "yesterday").code == 2
    assert json.loads(now.out)["products"][0]["compliant"] is False
