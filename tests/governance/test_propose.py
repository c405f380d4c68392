from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh_orchestration.errors import MeshError
from mesh_orchestration.planning.policy_change import PolicyChange, policy_change
from tests.builders import product
from tests.cli.mesh import mesh
from tests.governance.opa_server import ROOT
from tests.governance.policies import write_rule
from tests.planning.repository import Repository, repository_at

pytestmark = pytest.mark.slow
LEVELS = {"freshness": "24h", "availability": 0.99, "completeness": 0.9}
RULES = "policies/rules"
OWNERSHIP = f"{RULES}/ownership.rego"
EXTRA = """
deny contains finding if {
	input.product.spec.owner == ""
	finding := {"path": "spec.owner", "message": "nobody owns it"}
}
"""
FINDING = 'finding := {"path": "metadata.version", "message": "is old"}'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The policies of this project over two products, one of which promises little."""
    good = product("orders.order_lines.v1", sla=LEVELS, support={"channel": "#orders"}, status="active")
    poor = product("billing.revenue.v1", sla=LEVELS | {"availability": 0.995}, status="active")
    repository = repository_at(tmp_path, good, poor)
    for place in ("rules", "lib", "data"):
        shutil.copytree(ROOT / "policies" / place, tmp_path / "policies" / place)
    repository.commit("policies")
    return repository


def change(repository: Repository, file: str, edit: Callable[[str], str]) -> PolicyChange:
    """What is said of one edit of a file that is committed."""
    path = repository.root / file
    path.write_text(edit(path.read_text()))
    return policy_change(repository.settings, "HEAD")


def effects(found: PolicyChange) -> dict[str, str]:
    return {shift.about: shift.effect for shift in found.shifts}


def test_what_is_only_said_otherwise_changes_nothing(repository: Repository) -> None:
    found = change(repository, OWNERSHIP, lambda text: text.replace("deny contains", "# Why.\ndeny  contains"))

    assert (found.shifts, found.affected, found.loosens) == ((), (), False)


def test_a_new_rule_tightens_and_says_who_is_affected(repository: Repository) -> None:
    write_rule(repository.root, body=f"deny contains finding if {{\n\t{FINDING}\n}}\n")
    found = policy_change(repository.settings, "HEAD")

    assert (effects(found), found.loosens) == ({"VER-001": "tightens"}, False)
    assert [(one.subject, one.before, one.after) for one in found.affected] == [
        ("billing.revenue.v1", "nothing", "deny"),
        ("orders.order_lines.v1", "nothing", "deny"),
    ]


def test_a_rule_that_goes_loosens_even_when_nobody_is_affected(repository: Repository) -> None:
    for path in (repository.root / RULES).glob("sunset*"):
        path.unlink()
    found = policy_change(repository.settings, "HEAD")

    assert (effects(found), found.affected, found.loosens) == ({"DEP-002": "loosens"}, (), True)


def test_one_denial_more_tightens_and_one_less_loosens(repository: Repository) -> None:
    assert effects(change(repository, OWNERSHIP, lambda text: text + EXTRA)) == {"OWN-001": "tightens"}

    repository.commit("more")
    found = change(repository, OWNERSHIP, lambda text: text.replace(EXTRA, ""))
    assert (effects(found), found.loosens) == ({"OWN-001": "loosens"}, True)


@pytest.mark.parametrize(
    ("before", "after", "effect", "said"),
    [
        ("", "[{mode: warn}]", "loosens", "is warn instead of deny from 2026-11-20 on"),
        ("[{mode: warn}]", "", "tightens", "is deny instead of warn from 2026-11-20 on"),
        ("[{mode: warn}]", "[{mode: warn}, {mode: deny, since: 2027-01-01}]", "tightens", "from 2027-01-01 on"),
        ("[{mode: deny, since: 2027-01-01}]", "[{mode: deny, since: 2027-02-01}]", "loosens", "from 2027-01-01 on"),
        ("[{mode: deny, since: 2026-01-01}]", "", "same", ""),
    ],
)
def test_a_rollout_is_compared_day_by_day(
    repository: Repository, before: str, after: str, effect: str, said: str
) -> None:
    def rollout(text: str) -> str:
        return f"#   rollout: {text}\n" if text else ""

    body = f"deny contains finding if {{\n\tinput.major == 99\n\t{FINDING}\n}}\n"
    write_rule(repository.root, body=body, extra=rollout(before))
    repository.commit("rule")
    write_rule(repository.root, body=body, extra=rollout(after))
    found = policy_change(repository.settings, "HEAD")

    assert effects(found).get("VER-001", "same") == effect
    assert all(said in shift.said for shift in found.shifts)


@pytest.mark.parametrize(
    ("file", "old", "new", "effect"),
    [
        ("baseline.yaml", "availability: 0.99", "availability: 0.999", "tightens"),
        ("baseline.yaml", "availability: 0.99", "availability: 0.9", "loosens"),
        ("baseline.yaml", "freshness_seconds: 604800", "freshness_seconds: 3600", "tightens"),
        ("formats.yaml", "avro, ", "", "tightens"),
        ("formats.yaml", "[avro", "[csv, avro", "loosens"),
        ("names.yaml", "[api", "[sap, api", "tightens"),
        ("personal.yaml", "share: 0.05", "share: 0.5", "loosens"),
        ("strictness.yaml", "personal.share: lower", "personal.share: higher", "loosens"),
    ],
)
def test_limits_are_compared_in_the_declared_direction(
    repository: Repository, file: str, old: str, new: str, effect: str
) -> None:
    found = change(repository, f"policies/data/{file}", lambda text: text.replace(old, new))

    assert set(effects(found).values()) == {effect}
    assert found.loosens == (effect == "loosens")


def test_a_limit_shows_who_keeps_it_no_longer(repository: Repository) -> None:
    found = change(repository, "policies/data/baseline.yaml", lambda text: text.replace("0.99", "0.992"))

    assert [(one.code, one.subject) for one in found.affected] == [("SLA-002", "orders.order_lines.v1")]


def test_other_conditions_are_replayed_on_what_is_known(repository: Repository) -> None:
    wider = change(repository, OWNERSHIP, lambda text: text.replace('!= ""', '!= "-"'))
    assert (effects(wider), wider.loosens) == ({"OWN-001": "loosens"}, True)
    assert [(one.subject, one.lighter) for one in wider.affected] == [("billing.revenue.v1", True)]

    same = change(repository, OWNERSHIP, lambda text: text.replace('!= "-"', '!= concat("", [])'))
    assert (effects(same), same.loosens) == ({"OWN-001": "same"}, False)
    assert "none of 2 known inputs comes off lighter" in same.shifts[0].said


def test_a_function_that_rules_share_is_replayed(repository: Repository) -> None:
    found = change(repository, "policies/lib/published.rego", lambda text: text.replace('{"active", ', "{"))

    assert effects(found) == {"policies/lib/published.rego": "loosens"}
    assert ("OWN-001", "billing.revenue.v1", True) in {(one.code, one.subject, one.lighter) for one in found.affected}


def test_a_role_that_sees_more_loosens(repository: Repository) -> None:
    fields = {"person_id": {"type": "long", "pii": True, "constraints": {"primary_key": True, "masking": "hash"}}}
    repository.write(product("customers.people.v1", fields=fields, status="active"))
    repository.commit("people")
    found = change(
        repository,
        "policies/data/roles.yaml",
        lambda text: text.replace(
            "trains".title() + " and evaluates models., personal_data: masked", "X., personal_data: clear"
        ),
    )

    lighter = [(one.subject, one.before, one.after) for one in found.affected if one.lighter]
    assert lighter == [("customers.people.v1 read as data-scientist", "allowed (person_id hash)", "allowed")]
    assert found.loosens


def test_a_rule_on_messages_cannot_be_replayed_and_counts_as_looser(repository: Repository) -> None:
    found = change(repository, f"{RULES}/currency.rego", lambda text: text.replace("{3}", "{3,4}"))

    assert (effects(found), found.loosens) == ({"CUR-001": "loosens"}, True)
    assert "there is no input to try it on" in found.shifts[0].said


def test_a_rule_on_written_values_is_replayed_on_values_made_up(repository: Repository) -> None:
    found = change(repository, f"{RULES}/personal_data_values.rego", lambda text: text.replace(">= data", "> data"))

    assert {one.subject for one in found.affected} == {"billing.revenue.v1 at 5%", "orders.order_lines.v1 at 5%"}
    assert found.loosens


def test_products_are_judged_as_they_were_too(repository: Repository) -> None:
    repository.write(product("billing.revenue.v1", sla=LEVELS, support={"channel": "#b"}, status="active"))
    found = change(repository, OWNERSHIP, lambda text: text.replace('!= ""', '!= "-"'))

    assert [one.subject for one in found.affected] == ["billing.revenue.v1 as it was"]


def test_policies_that_are_not_sound_are_not_compared(repository: Repository) -> None:
    with pytest.raises(MeshError, match="is not a function here"):
        change(repository, OWNERSHIP, lambda text: text + "\nother if nothing(1)\n")


def test_the_command_names_what_loosens_and_exits_1(repository: Repository) -> None:
    assert "nothing changes a decision" in mesh(repository.settings, "policy", "propose", "--against", "HEAD").out

    path = repository.root / "policies" / "data" / "baseline.yaml"
    path.write_text(path.read_text().replace("0.99", "0.9"))
    answer = mesh(repository.settings, "policy", "propose", "--against", "HEAD")
    assert answer.code == 1
    assert "loosens   data baseline.availability is 0.9, was 0.99" in answer.out
    assert "it loosens (against HEAD)" in answer.out

    found = mesh(repository.settings, "policy", "propose", "--against", "HEAD", "--json").json
    assert (found["loosens"], found["changes"][0]["effect"]) == (True, "loosens")
    assert mesh(repository.settings, "policy", "propose", "--against", "nowhere").code == 2
