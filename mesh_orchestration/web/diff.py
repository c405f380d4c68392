"""Two versions of a contract side by side: what changed in meaning, and line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mesh_orchestration.catalog.products import Version
from mesh_orchestration.contract.evolution import Verdict, verdict
from mesh_orchestration.contract.loader import dump_product
from mesh_orchestration.contract.model import DataProduct

AROUND = 3
"""Unchanged lines that are shown around a change."""


@dataclass(frozen=True)
class Pair:
    """A line of the older and of the newer text, None where there is none; ``gap`` counts unchanged lines that are
    left out in its place."""

    old: str | None = None
    new: str | None = None
    gap: int = 0

    @property
    def changed(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True)
class Compared:
    """Two versions: the verdict over the newer as the successor of the older, and their texts."""

    old: Version
    new: Version
    verdict: Verdict
    pairs: tuple[Pair, ...]


def compared(old: Version, new: Version) -> Compared | None:
    """The comparison; None when one is only remembered by a snapshot, without its text."""
    if old.contract is None or new.contract is None:
        return None
    return Compared(
        old, new, verdict(old.contract, new.contract), side_by_side(_lines(old.contract), _lines(new.contract))
    )


def side_by_side(old: Sequence[str], new: Sequence[str], *, around: int = AROUND) -> tuple[Pair, ...]:
    """The lines in pairs; what is unchanged and far from every change is only counted."""
    return tuple(_folded(list(_pairs(old, new)), around))


def _pairs(old: Sequence[str], new: Sequence[str]) -> Iterator[Pair]:
    for _, first, last, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = old[first:last], new[begin:end]
        for place in range(max(len(left), len(right))):
            yield Pair(left[place] if place < len(left) else None, right[place] if place < len(right) else None)


def _folded(pairs: list[Pair], around: int) -> Iterator[Pair]:
    shown = {
        near for place, pair in enumerate(pairs) if pair.changed for near in range(place - around, place + around + 1)
    }
    left_out = 0
    for place, pair in enumerate(pairs):
        if place in shown:
            if left_out:
                yield Pair(gap=left_out)
            left_out = 0
            yield pair
        else:
            left_out += 1
    if left_out:
        yield Pair(gap=left_out)


def _lines(product: DataProduct) -> list[str]:
    return dump_product(product).splitlines()
