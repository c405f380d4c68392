from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import PolicyError
from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, write_contract
from tests.governance.policies import write_rule

BODY = """deny contains finding if {
	finding := {"path": "metadata.version", "message": "is no version"}
}
"""
WAIVER = """rule: VER-001
address: orders.order_lines.v1
owner: team:orders
approver: team:council
reason: The source system gives no version before spring.
expires: {expires}
"""
NOW = "2026-11-21T10:00:00+00:00"


@pytest.fixture
def mesh_settings(settings: Settings) -> Settings:
    write_contract(settings.root, contract_text())
    return replace(settings, environ={"MESH_NOW": NOW})


def verdicts(settings: Settings) -> tuple[Verdict, ...]:
    with Guardrails(settings) as guardrails:
        return guardrails.products(load_mesh(settings))


def waive(root: Path, until: str, **changes: str) -> None:
    path = root / "policies" / "waivers" / "versions.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = WAIVER.format(expires=until)
    for key, value in changes.items():
        text = "\n".join(f"{key}: {value}" if line.startswith(f"{key}:") else line for line in text.splitlines())
    path.write_text(text)


def test_a_mesh_without_policies_denies_nothing(mesh_settings: Settings) -> None:
    assert verdicts(mesh_settings) == ()


def test_a_finding_denies_and_says_where_and_what_to_do(mesh_settings: Settings) -> None:
    write_rule(mesh_settings.root, body=BODY)
    (verdict,) = verdicts(mesh_settings)

    assert verdict.denies
    assert (verdict.subject, verdict.path, verdict.fix) == ("orders.order_lines.v1", "metadata.version", "Mend it.")
    assert str(verdict) == "VER-001 is no version"


def test_a_rule_of_a_domain_judges_that_domain_alone(mesh_settings: Settings) -> None:
    write_rule(mesh_settings.root, "domains/billing/versions", body=BODY)
    assert verdicts(mesh_settings) == ()

    write_rule(mesh_settings.root, "domains/orders/versions", code="ORD-001", body=BODY)
    assert [verdict.code for verdict in verdicts(mesh_settings)] == ["ORD-001"]


@pytest.mark.parametrize(
    ("rollout", "outcome"),
    [
        ("[{mode: warn}]", "warn"),
        ("[{mode: dry-run}, {mode: warn, since: 2026-11-21}, {mode: deny, since: 2026-11-22}]", "warn"),
        ("[{mode: warn}, {mode: deny, since: 2026-11-21}]", "deny"),
        ("[{mode: deny, since: 2026-11-22}]", "dry-run"),
    ],
)
def test_a_guardrail_is_rolled_out_by_days(mesh_settings: Settings, rollout: str, outcome: str) -> None:
    write_rule(mesh_settings.root, body=BODY, extra=f"#   rollout: {rollout}\n")

    assert [verdict.outcome for verdict in verdicts(mesh_settings)] == [outcome]


def test_a_waiver_holds_through_its_last_day_and_then_denies_again(mesh_settings: Settings) -> None:
    write_rule(mesh_settings.root, body=BODY)
    waive(mesh_settings.root, "2026-11-21")
    (waived,) = verdicts(mesh_settings)
    assert (waived.outcome, waived.waiver) == ("waived", "policies/waivers/versions.yaml")

    waive(mesh_settings.root, "2026-11-20")
    (expired,) = verdicts(mesh_settings)
    assert expired.denies
    assert expired.message == "is no version (the waiver expired on 2026-11-20)"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("rule", "versions", "rule: found 'versions'"),
        ("address", "orders.lines", "address: 'orders.lines' is not an address"),
        ("expires", "soon", "expires: found 'soon', expected a date"),
        ("reason", "no", "reason"),
        ("approver", "team:orders", "somebody else must approve"),
    ],
)
def test_an_unreadable_waiver_stops_everything(mesh_settings: Settings, key: str, value: str, said: str) -> None:
    write_rule(mesh_settings.root, body=BODY)
    waive(mesh_settings.root, "2027-01-01", **{key: value})

    with pytest.raises(PolicyError, match=said):
        Guardrails(mesh_settings)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("deny contains finding if { finding := 3 }", "gave 3, expected"),
        ("deny contains finding if { finding := missing.function(1) }", "could not find function missing.function"),
        ('deny contains finding if { finding := {"path": 1, "message": "a"} }', "expected {path: text, message: text}"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_denies_even_in_dry_run(mesh_settings: Settings, body: str, said: str) -> None:
    write_rule(mesh_settings.root, body=body, extra="#   rollout: [{mode: dry-run}]\n")
    (verdict,) = verdicts(mesh_settings)

    assert verdict.denies
    assert said in verdict.message


def test_two_rules_with_one_code_are_refused(mesh_settings: Settings) -> None:
    write_rule(mesh_settings.root, "rules/a")
    write_rule(mesh_settings.root, "rules/b")

    with pytest.raises(PolicyError, match=r"VER-001 is already the code of policies/rules/a\.rego"):
        load_bundle(mesh_settings.root)


@pytest.mark.parametrize(
    ("found", "put", "said"),
    [
        ("# METADATA", "# about", "has no METADATA comment"),
        ("code: VER-001", "code: versions", r"versions\.rego:5 custom\.code"),
        ("#   fix: Mend it.\n", "", r"custom\.fix: is missing"),
        ("title: A title", "titel: A title", "did you mean 'title'"),
        ("owner: team:council", "owner: somebody", r"versions\.rego:7 custom\.owner: found 'somebody'"),
    ],
)
def test_what_a_rule_says_of_itself_is_checked(mesh_settings: Settings, found: str, put: str, said: str) -> None:
    path = write_rule(mesh_settings.root)
    path.write_text(path.read_text().replace(found, put, 1))

    with pytest.raises(PolicyError, match=said):
        load_bundle(mesh_settings.root)


def test_the_hash_changes_with_what_decides_and_not_with_its_tests(mesh_settings: Settings) -> None:
    path = write_rule(mesh_settings.root)
    before = load_bundle(mesh_settings.root).hash
    path.with_name("versions_test.rego").write_text("package mesh.rules.versions_test\n")
    assert load_bundle(mesh_settings.root).hash == before

    data = mesh_settings.root / "policies" / "data" / "baseline.yaml"
    data.parent.mkdir()
    data.write_text("days: 7\n")
    assert load_bundle(mesh_settings.root).hash != before


def test_rules_are_given_whole_days(mesh_settings: Settings) -> None:
    with Guardrails(mesh_settings) as guardrails:
        assert guardrails.today == date(2026, 11, 21)
