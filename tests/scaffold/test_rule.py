"""A new guardrail passes the linter and its own tests, and says whom it concerns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mesh_orchestration.errors import MeshError, PolicyError
from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.scaffold.names import AnswerError
from mesh_orchestration.scaffold.result import write
from mesh_orchestration.scaffold.rule import new_rule
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """A mesh of one product without a retention, under the example mesh's policies."""
    settings = mesh_at(tmp_path, product())
    shutil.copytree(POLICIES, tmp_path / "policies")
    return settings


def test_a_rule_is_written_with_its_test_and_names_who_does_not_keep_it(here: Settings) -> None:
    result = new_rule(here, "has_retention", {"requires": "spec.retention"})
    write(result, here.root)

    assert [change.path for change in result.changes] == [
        "policies/rules/has_retention.rego",
        "policies/rules/has_retention_test.rego",
    ]
    assert result.notes == ("orders.order_lines.v1 does not keep it: spec.retention is not said",)
    rule = load_bundle(here.root).rule("HAS-001")
    assert rule is not None
    assert rule.metadata.mode(here.now().date()) == "warn"


def test_a_domain_makes_a_rule_of_its_own_that_denies(here: Settings) -> None:
    answers = {"requires": "spec.retention", "mode": "deny", "title": 'Orders say "how long"', "owner": "team:orders"}
    write(new_rule(here, "keeping", answers, domain="orders"), here.root)
    rule = load_bundle(here.root).rule("ORD-001")

    assert rule is not None
    assert (rule.policy.domain, rule.metadata.title) == ("orders", 'Orders say "how long"')
    assert "ORD-001 spec.retention is not said" in mesh(here, "lint").out


def test_a_rule_on_messages(here: Settings) -> None:
    write(new_rule(here, "dated", {"kind": "payload", "requires": "created_at", "mode": "deny"}), here.root)
    message = here.root / "message.json"
    message.write_text(json.dumps({"id": 1}))

    assert mesh(here, "policy", "eval", "DAT-001", str(message)).code == 1
    message.write_text(json.dumps({"created_at": "2026-11-21T00:00:00Z"}))
    assert mesh(here, "policy", "eval", "DAT-001", str(message)).code == 0


@pytest.mark.parametrize(
    ("name", "answers", "said"),
    [
        ("Has Retention", {}, "is not the name of a rule"),
        ("has_retention", {"requires": "spec..retention"}, "is not a path of names"),
        ("has_retention", {"mode": "shout"}, "mode"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(here: Settings, name: str, answers: dict[str, str], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        new_rule(here, name, answers)


@pytest.mark.parametrize("answers", [{"code": "SLA-001"}, {"code": "retention"}, {"owner": "somebody"}])
def test_a_rule_that_would_break_the_bundle_is_refused_and_nothing_is_written(
    here: Settings, answers: dict[str, str]
) -> None:
    with pytest.raises(PolicyError):
        new_rule(here, "has_retention", answers)
    assert not (here.root / "policies" / "rules" / "has_retention.rego").exists()


def test_what_is_there_is_never_overwritten(here: Settings) -> None:
    with pytest.raises(MeshError, match="is there already"):
        new_rule(here, "ownership", {})


@pytest.mark.slow
def test_a_person_makes_a_rule_with_one_command(here: Settings) -> None:
    answer = mesh(here, "new", "rule", "has_retention", "--requires", "spec.retention", "--yes")

    assert answer.code == 0, answer.err
    assert "created policies/rules/has_retention.rego" in answer.out
    assert mesh(here, "policy", "test").code == 0
    assert "HAS-001" in mesh(here, "policy", "list").out
