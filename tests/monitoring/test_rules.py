"""Alert rules: Prometheus' own tool accepts them, and each of them fires when it should and only then."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.monitoring.rules import rule_files
from tests.builders import mesh_at, product

A = "orders.order_lines.v1"
WHO = {"address": A, "domain": "orders", "owner": "team:orders"}
FRESH, READABLE = WHO | {"level": "freshness"}, WHO | {"level": "availability"}
CHECK = 'mesh_check_passed{address="orders.order_lines.v1",domain="orders",check="%s",severity="%s"}'


def level(metric: str, name: str, window: str = "") -> str:
    said = f'{metric}{{address="{A}",domain="orders",level="{name}"'
    return f'{said},window="{window}"}}' if window else f"{said}}}"


def of(metric: str) -> str:
    return f'{metric}{{address="{A}",domain="orders"}}'


UP = 'up{job="mesh"}'
INFO = of("mesh_product_info")
BROKEN = level("mesh_sla_broken", "freshness")


@dataclass(frozen=True)
class Case:
    """Series of one value a minute from the beginning on: with ``fires`` the alert is there at ``minute`` with
    ``labels``, with ``calm`` in place of those of the same name it is not."""

    fires: Mapping[str, str]
    calm: Mapping[str, str]
    severity: str
    labels: Mapping[str, str] = field(default_factory=dict)
    minute: int = 90


CASES = {
    "MeshPublicationRefused": Case(
        {of("mesh_product_refused"): "1x100"}, {of("mesh_product_refused"): "0x100"}, "warning", WHO
    ),
    "MeshNeverPublished": Case(
        {of("mesh_product_published_timestamp_seconds"): "0x100"},
        {of("mesh_product_published_timestamp_seconds"): "0x60 5000x60"},
        "warning",
        WHO,
    ),
    "MeshCheckWarns": Case(
        {CHECK % ("amounts", "warn"): "0x100", CHECK % ("keys", "error"): "0x100"},
        {CHECK % ("amounts", "warn"): "1x100"},
        "info",
        WHO | {"check": "amounts", "severity": "info"},
    ),
    "MeshAnomaly": Case({of("mesh_anomalies_open"): "2x100"}, {of("mesh_anomalies_open"): "0x100"}, "info", WHO),
    "MeshProductNotReported": Case({UP: "1x100"}, {UP: "1x100", INFO: "1x100"}, "warning", WHO),
    "MeshSlaBurnsFast": Case(
        {level("mesh_sla_burn_rate", "freshness", "1h"): "0x80 15x40", BROKEN: "1x120"},
        {level("mesh_sla_burn_rate", "freshness", "1h"): "15x120", BROKEN: "0x120"},
        "critical",
        FRESH | {"window": "1h"},
    ),
    "MeshSlaBurnsSlowly": Case(
        {
            level("mesh_sla_burn_rate", "freshness", "6h"): "6.5x120",
            level("mesh_sla_burn_rate", "freshness", "3d"): "2x120",
            BROKEN: "1x120",
        },
        {
            level("mesh_sla_burn_rate", "freshness", "6h"): "5x120",
            level("mesh_sla_burn_rate", "freshness", "3d"): "0.5x120",
            BROKEN: "1x120",
        },
        "warning",
        FRESH | {"window": "6h"},
    ),
    "MeshSlaBudgetSpent": Case(
        {level("mesh_sla_budget_left_ratio", "freshness"): "-0.1x120"},
        {level("mesh_sla_budget_left_ratio", "freshness"): "0.1x120"},
        "info",
        FRESH,
    ),
    "MeshSlaBroken": Case(
        {level("mesh_sla_broken", "availability"): "1x120"},
        {level("mesh_sla_broken", "availability"): "0x120"},
        "critical",
        READABLE,
    ),
    "MeshSlaUnknown": Case(
        {level("mesh_sla_unknown", "availability"): "1x120"},
        {level("mesh_sla_unknown", "availability"): "0x80 1x40"},
        "info",
        READABLE,
    ),
    "MeshServiceDown": Case({UP: "0x100"}, {UP: "1x100"}, "critical", {"job": "mesh"}),
    "MeshStoreUnreadable": Case(
        {'mesh_source_up{source="sla"}': "0x100", 'mesh_source_up{source="lineage"}': "1x100"},
        {'mesh_source_up{source="sla"}': "0 0 0 1x100"},
        "critical",
        {"source": "sla"},
    ),
    "MeshNotWatched": Case(
        {
            "mesh_sla_looked_timestamp_seconds": "0+60x75 4500x40",
            of("mesh_product_published_timestamp_seconds"): "9x120",
        },
        {"mesh_sla_looked_timestamp_seconds": "0+60x120", of("mesh_product_published_timestamp_seconds"): "9x120"},
        "critical",
    ),
    "MeshMessagesStuck": Case(
        {"mesh_incident_messages_waiting": "2x120"}, {"mesh_incident_messages_waiting": "2x50 0x6 2x60"}, "warning"
    ),
    "MeshServiceErrors": Case(
        {
            'mesh_http_requests_total{job="mesh",status="500"}': "0+10x120",
            'mesh_http_requests_total{job="mesh",status="200"}': "0+90x120",
        },
        {
            'mesh_http_requests_total{job="mesh",status="500"}': "0+1x120",
            'mesh_http_requests_total{job="mesh",status="200"}': "0+90x120",
        },
        "warning",
    ),
    "MeshServiceSlow": Case(
        {
            'mesh_http_request_seconds_bucket{job="mesh",route="/",le="1.0"}': "0+1x120",
            'mesh_http_request_seconds_bucket{job="mesh",route="/",le="2.5"}': "0+9x120",
            'mesh_http_request_seconds_bucket{job="mesh",route="/",le="+Inf"}': "0+9x120",
        },
        {
            'mesh_http_request_seconds_bucket{job="mesh",route="/metrics",le="1.0"}': "0+1x120",
            'mesh_http_request_seconds_bucket{job="mesh",route="/metrics",le="2.5"}': "0+9x120",
            'mesh_http_request_seconds_bucket{job="mesh",route="/metrics",le="+Inf"}': "0+9x120",
        },
        "info",
    ),
}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules of a mesh with one product: an hour of freshness, and availability at any time."""
    root = tmp_path_factory.mktemp("rules")
    settings = mesh_at(root / "mesh", product(A, sla={"freshness": "1h", "availability": "100%"}))
    for name, text in rule_files(settings, load_mesh(settings)).items():
        (root / name).write_text(text)
    return root


def promtool(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=60)


def alerts_in(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The rules by name and service level."""
    files = [yaml.safe_load(path.read_text()) for path in folder.glob("*.rules.yml")]
    rules = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    return {(rule["alert"], rule["labels"].get("level", "")): rule for rule in rules}


def test_promtool_accepts_every_file(rules: Path) -> None:
    done = promtool(rules, "check", "rules", "--lint-fatal", *[path.name for path in rules.glob("*.rules.yml")])
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_when_it_should_and_only_then(rules: Path) -> None:
    assert {name for name, _ in alerts_in(rules)} == set(CASES)
    tests = [
        {
            "name": f"{name} {word}",
            "interval": "1m",
            "input_series": [{"series": series, "values": values} for series, values in said.items()],
            "alert_rule_test": [{"eval_time": f"{case.minute}m", "alertname": name, "exp_alerts": expected}],
        }
        for name, case in CASES.items()
        for word, said, expected in (
            ("fires", case.fires, [{"exp_labels": {"severity": case.severity} | dict(case.labels)}]),
            ("stays calm", dict.fromkeys(case.fires, "_x120") | dict(case.calm), []),
        )
    ]
    said = {"rule_files": ["*.rules.yml"], "evaluation_interval": "5m", "tests": tests}
    _with_annotations(said, rules)
    (rules / "tests.yml").write_text(json.dumps(said))
    done = promtool(rules, "test", "rules", "tests.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def _with_annotations(said: dict[str, Any], rules: Path) -> None:
    """promtool compares annotations too; those with a value in them are worked out here as Prometheus does."""
    known = {name: rule for (name, _), rule in alerts_in(rules).items()}
    by_level = alerts_in(rules)
    values = {"MeshSlaBurnsFast": "15", "MeshSlaBurnsSlowly": "6.5", "MeshMessagesStuck": "2",
              "MeshServiceErrors": "10%", "MeshServiceSlow": "2.416s", "MeshNotWatched": "15m 0s"}  # fmt: skip
    for test in said["tests"]:
        for asked in test["alert_rule_test"]:
            for alert in asked["exp_alerts"]:
                labels = alert["exp_labels"]
                rule = by_level.get((asked["alertname"], labels.get("level", "")), known[asked["alertname"]])
                alert["exp_annotations"] = {
                    name: _filled(text, values.get(asked["alertname"], ""), labels)
                    for name, text in rule["annotations"].items()
                }


def _filled(text: str, value: str, labels: Mapping[str, str]) -> str:
    for name, said in labels.items():
        text = text.replace(f"{{{{ $labels.{name} }}}}", said)
    for form in ("", " | humanize", " | humanizeDuration", " | humanizePercentage"):
        text = text.replace(f"{{{{ $value{form} }}}}", value)
    return text


def test_a_loose_target_still_has_a_burn_rate_that_can_be_reached(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(A, sla={"availability": 0.9}))
    text = rule_files(settings, load_mesh(settings))["domain-orders.rules.yml"]
    assert 'window="1h"} > 5 and' in text


def test_drafts_and_retired_products_raise_no_alert(tmp_path: Path) -> None:
    products = [
        product(f"orders.{status}.v1", status=status, sla={"freshness": "1h"}) for status in ("draft", "retired")
    ]
    settings = mesh_at(tmp_path, *products)
    assert list(rule_files(settings, load_mesh(settings))) == ["mesh.rules.yml"]


def test_what_looks_like_a_template_in_a_contract_is_text(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path / "mesh", product(A, owner="{{$value}}@example.com"))
    (tmp_path / "domain.rules.yml").write_text(rule_files(settings, load_mesh(settings))["domain-orders.rules.yml"])
    assert promtool(tmp_path, "check", "rules", "domain.rules.yml").returncode == 0
    assert "{{$value}}" not in (tmp_path / "domain.rules.yml").read_text()


def test_promtool_accepts_what_the_example_deploys() -> None:
    done = promtool(Path(__file__).parents[2], "check", "config", "deploy/monitoring/prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
