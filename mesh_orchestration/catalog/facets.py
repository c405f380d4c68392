"""Facets as producers tell them. Most of an event is facets, and most of them were told before, byte by byte: each is
read once, and an event holds the digests of its long ones in their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import msgspec
import orjson

from mesh_orchestration.catalog.envelope import kind_of

DIGEST_BYTES = 16
_LONG = 160  # bytes: from here on a facet is kept once, and by its digest in the events that tell it
_AROUND = 300  # bytes that what is read takes besides its text
_Json = Mapping[str, Any]
T = TypeVar("T")
_DIGEST = re.compile(rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}")


class NoFacet(ValueError):
    """The JSON is no facet; the message says why."""


class Facet:
    """``digest`` is that of its canonical JSON; ``inline`` is what stands for it in the text of an event: itself, or
    for a long one its digest in hexadecimal digits."""

    __slots__ = ("digest", "inline", "is_long", "raw")

    def __init__(self, raw: bytes) -> None:
        text = canonical(raw)
        if not text.startswith(b"{"):
            raise NoFacet(f"a facet is an object, not {kind_of(orjson.loads(raw))}")
        self.raw = raw
        self.digest = digest_of(text)
        self.is_long = len(text) >= _LONG
        self.inline = msgspec.Raw(f'"{self.digest.hex()}"'.encode() if self.is_long else text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Facet) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def value(self) -> _Json:
        """What it says."""
        found: _Json = orjson.loads(self.raw)
        return found

    @property
    def text(self) -> bytes:
        """Its canonical JSON."""
        return canonical(self.raw)


def canonical(raw: bytes) -> bytes:
    """JSON, the same in whatever order its keys come and however it is spaced; raises JSONDecodeError, and NoFacet."""
    document = orjson.loads(raw)
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise NoFacet(f"it cannot be kept as JSON: {error}") from error


def digest_of(text: bytes) -> bytes:
    """16 bytes that no other text has."""
    return blake2b(text, digest_size=DIGEST_BYTES).digest()


class Recent(Generic[T]):
    """What was read lately, by its text as it was sent; threads may share it."""

    def __init__(self, read: Callable[[bytes], T], most: int) -> None:
        """``most`` is how many bytes of texts are known, and as many of those before them; what is read takes some
        more."""
        self._read, self._most, self._size = read, most, 0
        self._young: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}

    def find(self, raw: bytes) -> T:
        """What ``read`` makes of the text; raises what it raises."""
        found = self._young.get(raw)
        if found is None:
            found = self._old.get(raw) or self._read(raw)
            self._young[raw] = found
            self._size += len(raw) + _AROUND
            if self._size > self._most:
                self._young, self._old, self._size = {}, self._young, 0
        return found


facet_of = Recent(Facet, 64_000_000).find
"""The facet that a JSON object is; raises JSONDecodeError, and NoFacet."""


def references(event: _Json) -> Iterable[bytes]:
    """The digests of the facets that the text of an event does not hold itself."""
    for facets in _facets(event):
        for facet in facets.values():
            if digest := _reference(facet):
                yield digest


def resolve(event: _Json, texts: Mapping[bytes, _Json]) -> None:
    """Put the facets in place of their digests."""
    for facets in _facets(event):
        for name, facet in facets.items():
            if (digest := _reference(facet)) in texts:
                facets[name] = texts[digest]


def _reference(facet: Any) -> bytes:
    """The digest that stands for a facet, which is an object itself; empty when it is none."""
    return bytes.fromhex(facet) if isinstance(facet, str) and _DIGEST.fullmatch(facet) else b""


def _facets(event: _Json) -> Iterable[dict[str, Any]]:
    parts = [event.get("run"), event.get("job"), event.get("dataset")]
    for owner in [*parts, *(event.get("inputs") or ()), *(event.get("outputs") or ())]:
        for place in ("facets", "inputFacets", "outputFacets") if owner else ():
            if facets := owner.get(place):
                yield facets
