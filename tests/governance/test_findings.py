from __future__ import annotations

from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.findings import path_from, problems_of
from mesh_orchestration.governance.guardrails import Guardrails
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh
from tests.governance.policies import write_rule

BODY = """deny contains finding if {
	finding := {"path": "spec.schema.fields[1].type", "message": "is no type"}
}
"""


def test_a_verdict_points_at_the_line_of_the_contract(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    write_rule(tmp_path, body=BODY)
    with Guardrails(settings) as guardrails:
        verdicts = guardrails.products(load_mesh(settings))
    (problem,) = problems_of(verdicts, root=tmp_path)

    lines = (tmp_path / problem.file).read_text().splitlines()
    assert lines[problem.line - 1].strip() == "type: decimal(12,2)"
    assert problem.message == "VER-001 is no type (Mend it. See: mesh policy explain VER-001)"


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
