"""Where a policy cannot be read as Rego: file, line and column, what is wrong there, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mesh_orchestration.errors import PolicyError, Problem
from mesh_orchestration.governance.bundle import POLICIES, Bundle, Policy, package_of
from mesh_orchestration.governance.engine import Embedded, Engine

_PLACE = re.compile(r"^\s*--> (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)", re.MULTILINE)
_ERROR = re.compile(r"^error: (?P<said>.+)$", re.MULTILINE)
_FIXES = (
    ("`if` keyword is required", "this is Rego of before v1: 'mesh policy migrate' rewrites it"),
    ("`contains` keyword", "this is Rego of before v1: 'mesh policy migrate' rewrites it"),
    ("expecting `}`", "close what '{' opens, or complete the expression that stands here"),
    ("expecting `]`", "close what '[' opens, or complete the expression that stands here"),
    ("expecting `)`", "close what '(' opens, or complete the expression that stands here"),
    ("in string", 'end the text with " on the line where it begins'),
)
_FIX = "mend it there; the rules of the language are at openpolicyagent.org/docs/policy-language"


def load(engine: Engine, bundle: Bundle) -> None:
    """Let ``engine`` take what decides in ``bundle``; raises PolicyError with the place of all that cannot be read."""
    try:
        engine.load(bundle.deciding, bundle.data)
    except PolicyError as error:
        deciding = [policy for policy in bundle.policies if not policy.is_test]
        problems = syntax_problems(deciding) or located(str(error))
        engine.close()
        raise (PolicyError("", problems=problems) if problems else error) from None


def syntax_problems(policies: Sequence[Policy]) -> tuple[Problem, ...]:
    """What stands in the way of reading each of ``policies``, whichever engine decides; the first of each file."""
    if not policies:
        return ()
    with Embedded() as engine:
        trees = engine.parse([(policy.file, policy.text) for policy in policies])
    return tuple(
        unreadable(policy.file, tree["error"]) for policy, tree in zip(policies, trees, strict=True) if "error" in tree
    )


def located(said: str) -> tuple[Problem, ...]:
    """What an engine said of a bundle as a finding in the file it names; none when it names no file."""
    place = _PLACE.search(said)
    return (unreadable(place["file"], said),) if place else ()


def unreadable(file: str, said: str) -> Problem:
    """What the engine said of a policy that it cannot read, as a finding with its line, its column and the fix."""
    place, error = _PLACE.search(said), _ERROR.search(said)
    message = error["said"] if error else said.splitlines()[-1] if said else "cannot be read"
    fix = next((fix for sign, fix in _FIXES if sign in message), _FIX)
    if "expecting `package`" in message and file.startswith(f"{POLICIES}/"):
        fix = f"begin it with 'package {package_of(Path(file))}'"
    column = f"column {place['column']}: " if place else ""
    return Problem(file, int(place["line"]) if place else 1, "", f"{column}{message}; {fix}")
