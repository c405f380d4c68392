"""Who is reachable from whom, for every vertex of a graph, kept up as edges come and go.

Vertices are numbers from 0; what is reachable from one is a Python integer with a bit for each, its own among them. A
lookup then costs nothing, a new edge one pass over those it concerns, and the whole of 50 000 edges some 100 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import compress

Adjacent = list[dict[int, int]]
_MANY = 64  # so many edges at once are no longer worth following one by one
_BITS = bytes.maketrans(b"01", b"\x00\x01")


class Closure:
    """``ahead`` and ``behind`` count the edges of each vertex to its neighbours: one pair may be joined twice."""

    def __init__(self) -> None:
        self.ahead: Adjacent = []
        self.behind: Adjacent = []
        self._down: list[int] = []
        self._up: list[int] = []

    def vertex(self) -> int:
        """A new vertex."""
        number = len(self.ahead)
        self.ahead.append({})
        self.behind.append({})
        self._down.append(1 << number)
        self._up.append(1 << number)
        return number

    def down(self, vertex: int) -> int:
        """The bits of everything reachable along the edges, and of the vertex."""
        return self._down[vertex]

    def up(self, vertex: int) -> int:
        """The same against the edges."""
        return self._up[vertex]

    def change(self, added: Sequence[tuple[int, int]], removed: Sequence[tuple[int, int]]) -> None:
        """Add and remove edges."""
        parted = [edge for edge in removed if _count(self.ahead, self.behind, edge, -1)]
        if len(added) + len(parted) > _MANY:
            for edge in added:
                _count(self.ahead, self.behind, edge, 1)
            everything = range(len(self.ahead))
            _settle(self._down, self.ahead, self.behind, everything)
            _settle(self._up, self.behind, self.ahead, everything)
            return
        if parted:
            above = self._union(self._up, {source for source, _ in parted})
            below = self._union(self._down, {target for _, target in parted})
            _settle(self._down, self.ahead, self.behind, above)
            _settle(self._up, self.behind, self.ahead, below)
        joined: dict[int, list[int]] = {}
        for edge in added:
            if _count(self.ahead, self.behind, edge, 1):
                joined.setdefault(edge[1], []).append(edge[0])
        for target, sources in joined.items():
            self._join(sources, target)

    def _join(self, sources: Iterable[int], target: int) -> None:
        """Let all that reaches one of the sources reach all that the target reaches."""
        up, down = 0, self._down[target]
        for source in sources:
            if self._down[source] | down != self._down[source]:
                up |= self._up[source]
        for vertex in members(up):
            self._down[vertex] |= down
        for vertex in members(down) if up else ():
            self._up[vertex] |= up

    @staticmethod
    def _union(reach: Sequence[int], vertices: Iterable[int]) -> list[int]:
        found = 0
        for vertex in vertices:
            found |= reach[vertex]
        return list(members(found))


def walk(
    start: Iterable[int], neighbours: Callable[[int], Iterable[int]], depth: int
) -> tuple[set[int], set[tuple[int, int]], bool]:
    """What is up to ``depth`` steps away, the start among it, the steps between, and whether there is more."""
    outer = list(start)
    seen, edges = set(outer), set[tuple[int, int]]()
    for _ in range(max(0, depth)):
        following = []
        for one in outer:
            for other in neighbours(one):
                edges.add((one, other))
                if other not in seen:
                    seen.add(other)
                    following.append(other)
        outer = following
    return seen, edges, any(other not in seen for one in outer for other in neighbours(one))


def members(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    text = f"{bits:b}".encode()[::-1].translate(_BITS)
    return compress(range(len(text)), text)


def _count(ahead: Adjacent, behind: Adjacent, edge: tuple[int, int], by: int) -> bool:
    """Count an edge in or out; returns whether the two are joined now and were not, or the other way round."""
    source, target = edge
    before = ahead[source].get(target, 0)
    after = max(0, before + by)
    for place, key in ((ahead[source], target), (behind[target], source)):
        if after:
            place[key] = after
        else:
            place.pop(key, None)
    return bool(before) != bool(after)


def _settle(reach: list[int], ahead: Adjacent, behind: Adjacent, vertices: Collection[int]) -> None:
    """Compute ``reach`` of the vertices anew from that of all others: in topological order, and what is on a cycle or
    leads to one until nothing changes."""
    waiting = dict.fromkeys(vertices, 0)
    for vertex in vertices:
        waiting[vertex] = sum(1 for one in ahead[vertex] if one in waiting)
    ready = [vertex for vertex, count in waiting.items() if not count]
    while ready:
        vertex = ready.pop()
        reach[vertex] = _reach(reach, ahead, vertex)
        del waiting[vertex]
        for before in behind[vertex]:
            if before in waiting:
                waiting[before] -= 1
                if not waiting[before]:
                    ready.append(before)
    for vertex in waiting:
        reach[vertex] = 1 << vertex
    changed = bool(waiting)
    while changed:
        changed = False
        for vertex in waiting:
            now = _reach(reach, ahead, vertex)
            if now != reach[vertex]:
                reach[vertex], changed = now, True


def _reach(reach: Sequence[int], ahead: Adjacent, vertex: int) -> int:
    found = 1 << vertex
    for one in ahead[vertex]:
        found |= reach[one]
    return found
