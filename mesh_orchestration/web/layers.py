"""Layers for a directed graph: which column each node stands in, and in which order within it.

The method is Sugiyama's (Sugiyama, Tagawa and Toda 1981): cut circles, layer by the longest path, put a bend into each
layer that a long line crosses, and order every layer by the median of its neighbours until no crossing goes away.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Arc = tuple[str, str]
SWEEPS = 12


@dataclass(frozen=True)
class Layered:
    """``layers`` from left to right, each its members from top to bottom: nodes, and the bends of long lines.
    ``chains`` leads each line of the graph from node to node over its bends, left to right; ``backward`` are the lines
    that run from right to left, because they close a circle."""

    layers: tuple[tuple[str, ...], ...]
    chains: Mapping[Arc, tuple[str, ...]]
    backward: frozenset[Arc]


def layered(nodes: Sequence[str], arcs: Iterable[Arc]) -> Layered:
    """The layers of ``nodes`` (in the order in which they are to stand where nothing else decides) and ``arcs``."""
    real = [(source, target) for source, target in dict.fromkeys(arcs) if source != target]
    backward = _backward(nodes, real)
    forward = {arc: (arc[1], arc[0]) if arc in backward else arc for arc in real}
    level = _levels(nodes, forward.values())
    chains: dict[Arc, tuple[str, ...]] = {}
    members: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for node in nodes:
        members[level[node]].append(node)
    for number, (arc, (source, target)) in enumerate(forward.items()):
        bends = [f"\0{number}.{place}" for place in range(level[source] + 1, level[target])]
        for place, bend in enumerate(bends, start=level[source] + 1):
            members[place].append(bend)
        chains[arc] = (source, *bends, target)
    return Layered(_ordered(members, chains.values()), chains, backward)


def is_bend(member: str) -> bool:
    """Whether a member of a layer is no node, only where a line passes."""
    return member.startswith("\0")


def _backward(nodes: Sequence[str], arcs: Sequence[Arc]) -> frozenset[Arc]:
    """The arcs that close a circle, by a search in depth from the nodes that nothing leads to."""
    following = _adjacent(arcs)
    entered = {target for _, target in arcs}
    state: dict[str, bool] = {}  # True while a node is above the one looked at
    found: set[Arc] = set()
    for root in sorted(nodes, key=lambda node: node in entered):
        if root in state:
            continue
        state[root] = True
        path = [(root, iter(following.get(root, ())))]
        while path:
            node, rest = path[-1]
            target = next(rest, None)
            if target is None:
                state[node] = False
                path.pop()
            elif target not in state:
                state[target] = True
                path.append((target, iter(following.get(target, ()))))
            elif state[target]:
                found.add((node, target))
    return frozenset(found)


def _levels(nodes: Sequence[str], arcs: Iterable[Arc]) -> dict[str, int]:
    """The layer of each node: right of all it comes from, and a source just left of the first that needs it."""
    known = tuple(arcs)
    following, before = _adjacent(known), _adjacent((target, source) for source, target in known)
    level = dict.fromkeys(nodes, 0)
    waiting = {node: len(before.get(node, ())) for node in nodes}
    ready = [node for node in nodes if not waiting[node]]
    for node in ready:  # grows while it is walked
        for target in following.get(node, ()):
            level[target] = max(level[target], level[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for node in nodes:
        if not before.get(node) and following.get(node):
            level[node] = min(level[target] for target in following[node]) - 1
    return level


def _ordered(members: list[list[str]], chains: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    steps = [(left, right) for chain in chains for left, right in pairwise(chain)]
    right_of, left_of = _adjacent(steps), _adjacent((right, left) for left, right in steps)
    best, fewest = [list(layer) for layer in members], _all_crossings(members, right_of)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        rightwards = sweep % 2 == 0
        places = range(1, len(members)) if rightwards else range(len(members) - 2, -1, -1)
        for place in places:
            fixed = members[place - 1] if rightwards else members[place + 1]
            members[place] = _by_median(members[place], fixed, left_of if rightwards else right_of)
        crossings = _all_crossings(members, right_of)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in members], crossings
    return tuple(tuple(layer) for layer in best)


def _by_median(layer: Sequence[str], fixed: Sequence[str], neighbours: Mapping[str, Sequence[str]]) -> list[str]:
    """The layer by the medians of its members' neighbours in the ``fixed`` one; who has none stays in place."""
    place = {member: number for number, member in enumerate(fixed)}
    found = {}
    for member in layer:
        at = sorted(place[one] for one in neighbours.get(member, ()))
        if at:
            found[member] = (at[(len(at) - 1) // 2] + at[len(at) // 2]) / 2
    moving = iter(sorted(found, key=lambda member: found[member]))
    return [next(moving) if member in found else member for member in layer]


def _all_crossings(layers: Sequence[Sequence[str]], right_of: Mapping[str, Sequence[str]]) -> int:
    return sum(_crossings(left, right, right_of) for left, right in pairwise(layers))


def _crossings(left: Sequence[str], right: Sequence[str], right_of: Mapping[str, Sequence[str]]) -> int:
    """How often lines between two layers cross: the inversions among their right ends."""
    place = {member: number for number, member in enumerate(right)}
    seen: list[int] = []
    count = 0
    for member in left:
        ends = sorted(place[one] for one in right_of.get(member, ()))
        count += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return count


def _adjacent(arcs: Iterable[Arc]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, target in arcs:
        found.setdefault(source, []).append(target)
    return found
