"""Which of two settings of one expectation is stricter.

*Tighter* means: whatever keeps the new setting kept the old one. An expectation lists the orderings of
its arguments; arguments without one are equal or make both settings incomparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mesh_orchestration.expectations.arguments import Arguments

Relation = Literal["same", "tighter", "looser", "changed"]


@dataclass(frozen=True)
class Ordering:
    """How the values of some arguments, taken together, compare; ``relate`` is asked when they differ."""

    arguments: tuple[str, ...]
    relate: Callable[[Arguments, Arguments], Relation]


def together(relations: Iterable[Relation]) -> Relation:
    """The relation of two settings whose parts stand in ``relations``."""
    found = set(relations) - {"same"}
    if not found:
        return "same"
    return found.pop() if len(found) == 1 else "changed"


def fewer(name: str) -> Ordering:
    """A set that is stricter the fewer members it has."""
    return Ordering((name,), lambda old, new: _subset(old[name], new[name]))


def more(name: str) -> Ordering:
    """A set that is stricter the more members it has."""
    return Ordering((name,), lambda old, new: _subset(new[name], old[name]))


def larger(name: str) -> Ordering:
    """A number that is stricter the larger it is."""
    return Ordering((name,), lambda old, new: _bound(old[name], new[name], 1))


def strict_when(name: str, value: bool) -> Ordering:
    """A flag that makes the expectation stricter when it is ``value``."""
    return Ordering((name,), lambda _, new: "tighter" if bool(new[name]) is value else "looser")


def ranges(old: tuple[Any, Any], new: tuple[Any, Any]) -> Relation:
    """How two ranges [low, high] compare; None is no bound."""
    return together((_bound(old[0], new[0], 1), _bound(old[1], new[1], -1)))


def _between(old: Arguments, new: Arguments) -> Relation:
    sides = (("min_value", "strict_min", 1), ("max_value", "strict_max", -1))
    return together(
        _bound(old[bound], new[bound], direction, (bool(old[strict]), bool(new[strict])))
        for bound, strict, direction in sides
    )


BETWEEN = Ordering(("min_value", "max_value", "strict_min", "strict_max"), _between)
"""Two bounds, each of which may be left out of the range itself."""


def _bound(old: Any, new: Any, direction: int, strict: tuple[bool, bool] = (False, False)) -> Relation:
    """How a bound compares; ``direction`` is 1 where a higher one is stricter, -1 where a lower one is."""
    if old is None or new is None:
        return "same" if old is new else "tighter" if old is None else "looser"
    try:
        if old == new:
            return "same" if strict[0] == strict[1] else "tighter" if strict[1] else "looser"
        return "tighter" if (new > old) == (direction > 0) else "looser"
    except TypeError:
        return "changed"


def _subset(old: Any, new: Any) -> Relation:
    """``tighter`` when ``new`` has lost members and gained none."""
    gone = any(item not in new for item in old)
    come = any(item not in old for item in new)
    if gone and come:
        return "changed"
    return "tighter" if gone else "looser" if come else "same"


def related(orderings: tuple[Ordering, ...], old: Mapping[str, Any], new: Mapping[str, Any]) -> Relation:
    """How two complete argument sets compare under ``orderings``."""
    ordered = {name for ordering in orderings for name in ordering.arguments}
    if any(old.get(name) != new.get(name) for name in {*old, *new} - ordered):
        return "changed"
    return together(ordering.relate(old, new) for ordering in orderings if _differs(ordering, old, new))


def _differs(ordering: Ordering, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(old.get(name) != new.get(name) for name in ordering.arguments)
