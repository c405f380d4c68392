"""Patterns of contracts that no engine can answer in time that grows with the text alone, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import Problem
from mesh_orchestration.expectations.patterns import NotPortable, for_dialect, patterns_in

REWRITES = {
    "assert": "a look-ahead or look-behind: make each condition a check of its own "
    "(expect_column_values_to_match_regex)",
    "assert not": "a negative look-around: make what must not be there a check of its own "
    "(expect_column_values_to_not_match_regex)",
    "groupref": "a reference to a group: list what may be repeated, as aa|bb|cc, or compare two columns in the model",
    "groupref exists": "a condition on a group: write its two cases as alternatives, a|b",
    "atomic group": "an atomic group: write (?:…)",
    "possessive repeat": "a possessive repeat: write the repeat without its +",
    "flags for a part of the pattern": "flags for a part of the pattern: put them at its beginning, or write [Aa]",
}
"""What to write in place of what a portable pattern cannot say."""


def backtracking(mesh: Mesh, root: Path) -> tuple[Problem, ...]:
    """Each pattern of a contract that only a backtracking engine answers, at its line, with what to write instead."""
    found: list[Problem] = []
    for product in mesh.products.values():
        if told := list(_told(product)):
            source = read_source(Path(product.source), root=root)
            found += [source.problem(path, message) for path, message in told]
    return tuple(sorted(found))


def needs(pattern: str) -> str:
    """What in ``pattern`` takes a backtracking engine, and what to write instead; empty when nothing does."""
    try:
        for_dialect(pattern, "rust")
    except NotPortable as error:
        return REWRITES.get(str(error), f"{error}: write it without")
    except (re.error, RecursionError, OverflowError):
        return ""  # no pattern at all, which the contract is told elsewhere
    return ""


def _told(product: DataProduct) -> Iterator[tuple[Path_, str]]:
    for path, pattern in _patterns(product):
        if why := needs(pattern):
            yield path, f"{pattern!r} may keep an audit busy until it is stopped, because it has {why}"


def _patterns(product: DataProduct) -> Iterator[tuple[Path_, str]]:
    for index, field in enumerate(product.fields):
        if field.constraints.pattern:
            yield ("spec", "schema", "fields", index, "constraints", "pattern"), field.constraints.pattern
    checks: Sequence[tuple[int, dict[str, object]]] = [
        (index, check.value) for index, check in enumerate(product.spec.quality.checks)
    ]
    for index, value in checks:
        for key in value:
            for pattern in patterns_in({key: value[key]}):
                yield ("spec", "quality", "checks", index, "value", key), pattern
