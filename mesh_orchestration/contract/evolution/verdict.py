"""Whether a version number is large enough for what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mesh_orchestration.contract.evolution.change import BUMPS, Bump, Change, Level
from mesh_orchestration.contract.evolution.diff import changes
from mesh_orchestration.contract.evolution.modes import violations
from mesh_orchestration.contract.loader import contract_path
from mesh_orchestration.contract.model import DataProduct

_MANY = 3  # reasons that a problem names; the rest is counted


@dataclass(frozen=True)
class Verdict:
    """What changed, the smallest bump that it allows, and the one that was given.

    ``level`` is the highest level for consumers; ``violations`` says what breaks the promised
    compatibility mode; ``problem`` is one sentence with the fix, empty when the version is fine.
    """

    changes: tuple[Change, ...]
    level: Level
    required: Bump
    given: Bump
    problem: str = ""
    violations: tuple[str, ...] = ()


def verdict(old: DataProduct, new: DataProduct, *, earlier: Sequence[DataProduct] = ()) -> Verdict:
    """The verdict over ``new`` as the successor of ``old``; ``earlier`` are the versions before ``old``, oldest
    first, which transitive compatibility modes look at.

    A contract that was a draft has promised nothing: any change of it is allowed under any version that
    is not lower. Words may change under an unchanged version.
    """
    found = changes(old, new)
    broken = violations(new, (*earlier, old)) if found else ()
    required = _required(found, broken)
    if old.metadata.status == "draft" and old.address == new.address:
        required = "none"
    before, after = _numbers(old), _numbers(new)
    given = _given(before, after)
    problem = ""
    if after < before and old.address.asset_key[:2] == new.address.asset_key[:2]:
        problem = (
            f"version {new.version} is below {old.version}, and a version never goes down; "
            f"write metadata.version: {_raised(before, required)}"
        )
    elif BUMPS.index(given) < BUMPS.index(required):
        problem = _too_small(old, new, required, _reasons(found, broken, required))
    level = max((change.consumer for change in found), default=Level.DOCUMENTATION)
    return Verdict(found, level, required, given, problem, broken)


def _required(found: tuple[Change, ...], broken: tuple[str, ...]) -> Bump:
    if broken:
        return "major"
    return max((change.bump for change in found), key=BUMPS.index, default="none")


def _numbers(product: DataProduct) -> tuple[int, int, int]:
    major, minor, patch = map(int, product.version.split("."))
    return major, minor, patch


def _given(before: tuple[int, int, int], after: tuple[int, int, int]) -> Bump:
    """The first part of the version that went up; none when nothing did."""
    for bump, was, now in zip(reversed(BUMPS), before, after, strict=False):
        if was != now:
            return bump if now > was else "none"
    return "none"


def _raised(version: tuple[int, int, int], bump: Bump) -> str:
    major, minor, patch = version
    match bump:
        case "major":
            return f"{major + 1}.0.0"
        case "minor":
            return f"{major}.{minor + 1}.0"
        case "patch":
            return f"{major}.{minor}.{patch + 1}"
    return f"{major}.{minor}.{patch}"


def _reasons(found: tuple[Change, ...], broken: tuple[str, ...], required: Bump) -> tuple[str, ...]:
    return (*(str(change) for change in found if change.bump == required), *broken)


def _too_small(old: DataProduct, new: DataProduct, required: Bump, reasons: tuple[str, ...]) -> str:
    said = "; ".join(reasons[:_MANY]) + (f"; and {len(reasons) - _MANY} more" if len(reasons) > _MANY else "")
    still = (
        f"is still {new.version}" if new.version == old.version else f"{new.version} is too small after {old.version}"
    )
    next_ = _raised(_numbers(old), required)
    fix = f"write metadata.version: {next_}"
    if required == "major":
        place = contract_path(type(old.address)(new.domain, new.name, old.address.major + 1)).rsplit("/", 1)
        fix = (
            f"give it its own file {place[1]} in {place[0]}/ with metadata.version: {next_} "
            f"and leave v{old.address.major}.yaml as it was"
        )
    return f"version {still}, but what changed takes a {required} version: {said}; {fix}"
