from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.linter import lint_policies
from tests.governance.policies import BODY, bundle_of, write_rule


@pytest.fixture(scope="module")
def engine() -> Iterator[Embedded]:
    with Embedded() as engine:
        yield engine


def findings(root: Path, engine: Embedded, body: str, place: str = "rules/versions") -> list[str]:
    return [problem.message for problem in lint_policies(bundle_of(root, body, place), engine)]


def test_a_plain_rule_is_fine(tmp_path: Path, engine: Embedded) -> None:
    assert findings(tmp_path, engine, BODY) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("deny contains {\"path\": input.a, \"message\": \"b\"}", "the head of 'deny' holds more than a variable"),
        ("deny contains f if { not input.a; f := 1 }", "only a rule, or a function with plain"),
        ("deny contains f if { not startswith(input.a, \"b\"); f := 1 }", "only a rule, or a function"),
        ("deny contains f if { not g(input.a); f := 1 }\ng(x) if x", "only a rule, or a function"),
        ("deny contains f if { f := time.now_ns() }", "'time.now_ns' is not a function here"),
        ("deny contains f if { f := http.send({}) }", "'http.send' is not a function here"),
        ("deny contains f if { f := startwith(\"a\", \"b\") }", "did you mean 'startswith'"),
        ("deny contains f if { f := sprintf(\"%d\", [-1]) }", "'%d' is not the same in every engine"),
        ("deny contains f if { f := sprintf(\"%.2f\", [1]) }", "'%.2f' is not the same in every engine"),
        ("deny contains f if { f := sprintf(\"%5d\", [1]) }", "'%5d' is not the same in every engine"),
        ("deny contains f if { f := sprintf(\"%q\", [1]) }", "'%q' is not the same in every engine"),
        ("deny contains f if { f := input.a with input as {} }", "'with' belongs in tests"),
        ("deny contains f if { f := data.mesh.rules.other.deny }", "'data.mesh.rules.other.deny' may not be read here"),
        ("import data.mesh.rules.other\ndeny contains f if { f := 1 }", "may not be imported here"),
        ("import data.mesh.lib.nothing\ndeny contains f if { f := 1 }", "there is no policies/lib/nothing.rego"),
        ("deny := true", "deny must be a set"),
        ("denied contains f if { f := 1 }", "has no 'deny contains finding"),
        ("deny contains f if { f := 1 }\nallow := true", "'allow' has no meaning in a rule"),
        ("deny contains f if { f := 1 }\noverride contains f if { f := 1 }", "'override' has no meaning in a rule"),
        ("deny contains f { f := 1 }", "mesh policy migrate"),
        ("deny contains f if { f := ", "expecting"),
    ],
)  # fmt: skip
def test_what_engines_disagree_on_or_what_a_rule_may_not_do_is_refused(
    tmp_path: Path, engine: Embedded, body: str, said: str
) -> None:
    assert any(said in message for message in findings(tmp_path, engine, body))


@pytest.mark.parametrize(
    "body",
    [
        "deny contains f if { not allowed; f := 1 }\nallowed if input.a",
        "deny contains f if { some x in input.a; not g(x); f := 1 }\ng(x) if x",
        "deny contains f if { f := sprintf(\"%s %v %%\", [\"a\", 2]) }",
        "deny contains f if { f := data.config.baseline.days }",
    ],
)  # fmt: skip
def test_the_ways_around_are_fine(tmp_path: Path, engine: Embedded, body: str) -> None:
    assert findings(tmp_path, engine, body) == []


def test_a_finding_names_the_file_and_the_line(tmp_path: Path, engine: Embedded) -> None:
    (problem,) = lint_policies(bundle_of(tmp_path, "deny contains f if {\n\tf := nothing(1)\n}\n"), engine)

    assert (problem.file, problem.line) == ("policies/rules/versions.rego", 11)


def test_a_domain_may_not_write_in_another_package(tmp_path: Path, engine: Embedded) -> None:
    path = write_rule(tmp_path, "domains/billing/versions")
    path.write_text(path.read_text().replace("package mesh.domains.billing", "package mesh.rules"))

    (problem,) = lint_policies(load_bundle(tmp_path), engine)

    assert problem.message == "package mesh.rules.versions stands in the place of mesh.domains.billing.versions"


def test_a_rule_without_a_test_is_named(tmp_path: Path, engine: Embedded) -> None:
    path = write_rule(tmp_path)
    path.with_name("versions_test.rego").unlink()

    (problem,) = lint_policies(load_bundle(tmp_path), engine)

    assert problem.message == "has no test; write policies/rules/versions_test.rego"
