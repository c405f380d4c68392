from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.findings import path_from, policy_problems
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh
from tests.governance.opa_server import ROOT
from tests.governance.policies import write_rule

BODY = """deny contains finding if {
	finding := {"path": "spec.schema.fields[1].type", "message": "is no type"}
}
"""


SQL = "dbt_projects/orders/models/order_lines.sql"
# Put together here, so that this file holds none.
SECRET = "password: " + "hunter2"
ON_THE_DOMAIN = """deny contains finding if {
	input.domain == "orders"
	finding := {"path": "", "message": "is not liked"}
}
"""


@pytest.fixture
def guarded(tmp_path: Path) -> Settings:
    """A mesh that every policy of this project lets through."""
    spec = {"support": {"email": "orders@example.com"}, "retention": "365d", "access": {"roles": ["analyst"]}}
    sla = {"freshness": "1h", "availability": "99.9%", "completeness": "99%", "event_time": "event_ts"}
    settings = mesh_at(tmp_path, product(sla=sla, **spec))
    (tmp_path / SQL).parent.mkdir(parents=True)
    (tmp_path / SQL).write_text("select 1")
    shutil.copytree(ROOT / "policies", tmp_path / "policies", ignore=shutil.ignore_patterns("waivers"))
    return settings


def test_a_verdict_points_at_the_line_of_the_contract(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    write_rule(tmp_path, body=BODY)
    (problem,), advised = policy_problems(settings, load_mesh(settings))

    lines = (tmp_path / problem.file).read_text().splitlines()
    assert lines[problem.line - 1].strip() == "type: decimal(12,2)"
    assert problem.message == "VER-001 is no type (Mend it. See: mesh policy explain VER-001)"
    assert advised == ()


def test_a_path_is_read_from_its_text() -> None:
    assert path_from("spec.schema.fields[2].type") == ("spec", "schema", "fields", 2, "type")
    assert path_from("") == ()


def test_mesh_lint_tells_what_the_policies_deny_and_advise(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    (tmp_path / "dbt_projects" / "orders" / "models").mkdir(parents=True)
    (tmp_path / "dbt_projects" / "orders" / "models" / "order_lines.sql").write_text("select 1")
    write_rule(tmp_path, "rules/advice", code="ADV-001", body=BODY, extra="#   rollout: [{mode: warn}]\n")
    advised = mesh(settings, "lint", "--json")
    assert (advised.code, advised.json["problems"], len(advised.json["warnings"])) == (0, [], 1)

    write_rule(tmp_path, body=BODY)
    denied = mesh(settings, "lint")
    assert denied.code == 1
    assert "contracts/orders/order_lines/v1.yaml:18 spec.schema.fields[1].type: VER-001 is no type" in denied.out

    (tmp_path / "policies" / "rules" / "broken.rego").write_text("package mesh.rules.broken\n")
    broken = mesh(settings, "lint")
    assert (broken.code, "policies/rules/broken.rego:1 has no METADATA" in broken.out) == (1, True)


def test_mesh_lint_tells_what_the_policies_deny_in_any_file(guarded: Settings) -> None:
    assert mesh(guarded, "lint").out == "no findings\n"

    (guarded.root / SQL).write_text("-- md5\nselect *\nfrom read_parquet('x')")
    (guarded.root / "deploy").mkdir()
    (guarded.root / "deploy" / "values.yaml").write_text("web:\n  image: mesh\n  resources: {limits: {cpu: 1}}\n")
    (guarded.root / "notes.txt").write_text(f"\n{SECRET}\n")
    answer = mesh(guarded, "lint", "--json")
    found = [(one["file"], one["line"], one["message"].split(" (")[0]) for one in answer.json["problems"]]
    assert (answer.code, found) == (
        1,
        [
            (SQL, 3, "PRT-001 reads read_parquet(…) past the output ports"),
            ("deploy/values.yaml", 3, "LIM-001 'web' has no limit of memory"),
            ("notes.txt", 2, "SEC-001 holds what looks like a secret"),
        ],
    )
    contracts, project = (str(guarded.root / folder / "orders") for folder in ("contracts", "dbt_projects"))
    assert (mesh(guarded, "lint", contracts).code, mesh(guarded, "lint", contracts, project).code) == (0, 1)


def test_a_finding_about_a_domain_that_names_no_line_stands_at_its_folder(guarded: Settings) -> None:
    write_rule(guarded.root, body=ON_THE_DOMAIN, extra="#   input: project\n")
    answer = mesh(guarded, "lint")

    assert answer.code == 1
    assert "contracts/orders:1 VER-001 is not liked" in answer.out


def test_rego_that_cannot_be_read_is_a_finding_with_its_place_and_fix(guarded: Settings) -> None:
    write_rule(guarded.root, body="deny contains finding if {\n\tfinding := \n}\n")
    answer = mesh(guarded, "lint")

    assert answer.code == 1
    assert answer.out == (
        "policies/rules/versions.rego:11 column 13: expecting `}` while parsing set; "
        "close what '{' opens, or complete the expression that stands here\n1 finding\n"
    )
