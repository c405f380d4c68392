from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.errors import PolicyError
from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.syntax import load, syntax_problems
from tests.governance.policies import bundle_of, write_rule

PLACE = "policies/rules/versions.rego"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("deny contains x if {\n\tx := 1\n", "12 column 1: expecting `}` while parsing query; close what '{' opens"),
        (
            "deny contains x {\n\tx := 1\n}\n",
            "10 column 17: `if` keyword is required before rule body; this is Rego of",
        ),
        ('deny contains x if x == "abc\n', '10 column 29: invalid character in string; end the text with "'),
        ("deny contains x if ?\n", "10 column 20: invalid character; mend it there"),
    ],
)
def test_what_cannot_be_read_has_its_place_and_a_fix(tmp_path: Path, body: str, said: str) -> None:
    (problem,) = syntax_problems(bundle_of(tmp_path, body).policies)

    assert str(problem).startswith(f"{PLACE}:{said}")


def test_a_policy_without_a_package_is_told_which_one_is_its_own(tmp_path: Path) -> None:
    path = write_rule(tmp_path)
    path.write_text(path.read_text().replace("package mesh.rules.versions\n", ""))
    (problem,) = syntax_problems(load_bundle(tmp_path).policies)

    assert problem.message.endswith("; begin it with 'package mesh.rules.versions'")


def test_every_broken_file_is_named_and_no_sound_one(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_rule(
            tmp_path, f"rules/{name}", code=f"VER-00{ord(name) - 96}", body="deny {" if name < "c" else "x := 1\n"
        )

    with Embedded() as engine, pytest.raises(PolicyError) as caught:
        load(engine, load_bundle(tmp_path))
    assert [one.file for one in caught.value.problems] == ["policies/rules/a.rego", "policies/rules/b.rego"]
