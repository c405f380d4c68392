from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from tests.builders import contract_text, write_contract
from tests.cli.mesh import mesh
from tests.governance.policies import write_rule

REPO = Path(__file__).resolve().parents[2]
HERE = Settings(REPO, REPO / ".mesh")


def test_every_rule_is_listed_with_its_mode() -> None:
    rules = {rule["code"]: rule for rule in mesh(HERE, "policy", "list", "--json").json["rules"]}

    assert rules["SLA-001"]["mode"] == "deny"
    assert rules["EVT-001"]["mode"] == "warn"


def test_a_rule_is_explained() -> None:
    answer = mesh(HERE, "policy", "explain", "sla-001")

    assert answer.code == 0
    for said in (
        "A product promises freshness",
        "Consumers plan by these",
        "fix",
        "policies/rules/service_levels.rego",
    ):
        assert said in answer.out


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    answer = mesh(HERE, "policy", "explain", "SLA-01")

    assert (answer.code, "did you mean 'SLA-001'?" in answer.err) == (1, True)


def test_the_projects_own_policies_pass_their_tests_and_are_covered() -> None:
    answer = mesh(HERE, "policy", "test", "--json")

    assert answer.code == 0, answer.out + answer.err
    assert (answer.json["coverage"], answer.json["uncovered"]) == (1.0, {})


def test_a_rule_that_no_test_reaches_fails_the_tests(settings: Settings) -> None:
    write_contract(settings.root, contract_text())
    write_rule(settings.root)
    answer = mesh(settings, "policy", "test")

    assert answer.code == 1
    assert "no test reaches policies/rules/versions.rego line 11, 12" in answer.out


def test_a_rule_is_tried_on_an_input_of_ones_own(tmp_path: Path) -> None:
    message = tmp_path / "message.json"
    message.write_text('{"currency": "usd"}')
    answer = mesh(HERE, "policy", "eval", "CUR-001", str(message))
    assert (answer.code, answer.out.strip()) == (1, "currency: 'usd' is not a currency code")

    message.write_text('{"currency": "USD"}')
    assert mesh(HERE, "policy", "eval", "CUR-001", str(message)).code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.json", "none.json: there is no such file"), ("", "is a folder"), ("image.png", "image.png is no text")],
)
def test_an_input_that_cannot_be_read_is_named_with_what_to_give(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    answer = mesh(HERE, "policy", "eval", "CUR-001", str(tmp_path / name))

    assert (answer.code, answer.out) == (2, "")
    assert f"{said}; give a JSON or YAML file with a payload to judge, or - for standard input" in answer.err


def test_rules_are_listed_beside_what_cannot_be_read_and_that_is_exit_2(settings: Settings) -> None:
    write_contract(settings.root, contract_text())
    write_rule(settings.root)
    write_rule(settings.root, "rules/broken", code="BRK-001", body="deny {")
    answer = mesh(settings, "policy", "list")
    assert (answer.code, "VER-001" in answer.out) == (2, True)
    assert "everything is denied as long as a policy cannot be read:\npolicies/rules/broken.rego:10 col" in answer.err

    told = mesh(settings, "policy", "list", "--json")
    assert (told.code, [one["file"] for one in told.json["problems"]]) == (2, ["policies/rules/broken.rego"])


@pytest.mark.slow
def test_each_rule_is_timed() -> None:
    answer = mesh(HERE, "policy", "bench", "--json")
    rules = {rule["code"]: rule for rule in answer.json["rules"]}

    assert answer.code == 0
    assert [rules[code]["kind"] for code in ("SLA-001", "ACC-001", "SEC-001")] == ["product", "read", "project"]
    assert all(0 < rule["middle"] <= rule["longest"] for rule in rules.values())
    assert "on a thousand" in mesh(HERE, "policy", "bench").out


@pytest.mark.slow
def test_what_is_no_number_is_not_judged(tmp_path: Path) -> None:
    for name, text in (("a.json", '{"amount": NaN}'), ("a.yaml", "amount: .nan\n")):
        (tmp_path / name).write_text(text)
        answer = mesh(HERE, "policy", "eval", "CUR-001", str(tmp_path / name))
        assert (answer.code, "NaN is no number in JSON" in answer.err) == (1, True)
