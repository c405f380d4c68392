"""``mesh new rule``: a guardrail with its test, which passes both at once and tells whom it concerns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import PolicyError
from mesh_orchestration.governance.bundle import Bundle, load_bundle
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.governance.linter import lint_policies
from mesh_orchestration.governance.testing import run_tests
from mesh_orchestration.scaffold.names import AnswerError
from mesh_orchestration.scaffold.render import ask, render
from mesh_orchestration.scaffold.result import Result
from mesh_orchestration.scaffold.sketch import sketch_of
from mesh_orchestration.settings import Settings

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PATH = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")
_COUNCIL = "team:platform-council"


def new_rule(
    settings: Settings, name: str, given: Mapping[str, str], *, domain: str = "", interactive: bool = False
) -> Result:
    """The rule ``name`` for every domain, or for ``domain`` alone; ``given`` are answers by their question.

    Raises AnswerError for an answer that cannot be, PolicyError when the bundle would not be whole with it.
    """
    if not _NAME.match(name):
        raise AnswerError(f"'{name}' is not the name of a rule; write it in lower case with _, such as has_retention")
    mesh = load_mesh(settings)
    if domain:
        mesh.require(domain)
    place = f"domains/{domain}/{name}" if domain else f"rules/{name}"
    bundle = load_bundle(settings.root)
    context = {"free_code": _free_code(bundle, domain or name), "council": _council(bundle)}
    answers = ask("rule", context | dict(given), interactive=interactive)
    files = render("rule", context | answers | _variables(place, answers)).files
    with sketch_of(settings, domain) as sketch:
        sketch.create(f"policies/{place}.rego", files["rule.rego"])
        sketch.create(f"policies/{place}_test.rego", files["rule_test.rego"])
        code = str(answers["code"])
        _prove(load_bundle(sketch.root))
        return Result(
            code,
            sketch.changes(),
            notes=_concerned(sketch.settings, mesh, code),
            next_steps=(f"mesh policy explain {code}", "mesh policy test", "mesh lint"),
        )


def _variables(place: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    requires = str(answers["requires"])
    if not _PATH.match(requires):
        raise AnswerError(f"requires: '{requires}' is not a path of names, such as spec.retention")
    return {
        "name": place.rsplit("/", 1)[-1],
        "package": "mesh." + place.replace("/", "."),
        "said": {answers["kind"]: _nested(requires, "something")},
        "unsaid": {answers["kind"]: _nested(requires, "")},
    }


def _nested(path: str, value: str) -> dict[str, Any]:
    head, _, rest = path.partition(".")
    return {head: _nested(rest, value) if rest else value}


def _free_code(bundle: Bundle, word: str) -> str:
    """The next code of three letters of ``word`` that no rule has."""
    letters = re.sub(r"[^A-Z]", "", word.upper()).ljust(3, "X")[:3]
    taken = {rule.code for rule in bundle.rules}
    return next(code for number in range(1, 1000) if (code := f"{letters}-{number:03d}") not in taken)


def _council(bundle: Bundle) -> str:
    """Who answers for most rules."""
    owners = [rule.metadata.custom.owner for rule in bundle.rules] or [_COUNCIL]
    return max(sorted(set(owners)), key=owners.count)


def _prove(bundle: Bundle) -> None:
    """Hold the bundle against the linter and its own tests."""
    with Embedded() as engine:
        if problems := lint_policies(bundle, engine):
            raise PolicyError("", problems=problems)
        run = run_tests(bundle, engine)
    if run.failed:
        raise PolicyError("; ".join(f"{one.policy} {one.name} {one.problem}" for one in run.failed))


def _concerned(settings: Settings, mesh: Mesh, code: str) -> tuple[str, ...]:
    """Which products do not keep the rule today."""
    with Guardrails(settings) as guardrails:
        verdicts = [one for one in guardrails.products(mesh) if one.code == code]
    return tuple(f"{one.subject} does not keep it: {one.message}" for one in verdicts)
