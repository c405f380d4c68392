"""What changed in what is promised beside the rows: service levels, retention, access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.evolution.normal import length
from mesh_orchestration.contract.model import SHARES, DataProduct

_LENGTHS = ("freshness", "event_freshness", "latency")
_OTHERS = ("event_time", "throughput")


def service_changes(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    """Every difference of service levels, retention and access."""
    yield from _sla(old, new)
    yield from _retention(old, new)
    if old.spec.access != new.spec.access:
        yield from _roles(old.spec.access.roles, new.spec.access.roles)
        yield from _policies(old.spec.access.policies, new.spec.access.policies)
        yield from _purposes(old.spec.access.purposes, new.spec.access.purposes)


def _sla(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    if old.spec.sla == new.spec.sla:
        return
    for key in (*_LENGTHS, *SHARES, *_OTHERS):
        before, after = getattr(old.spec.sla, key), getattr(new.spec.sla, key)
        word = _level(key, before, after)
        if word:
            yield change(f"sla.{word}", f"spec.sla.{key}", before=before, after=after)


def _level(key: str, before: Any, after: Any) -> str:
    """``tightened``, ``loosened``, ``changed`` or nothing; what is promised anew is tightened."""
    sides: tuple[Any, Any] = (length(before), length(after)) if key in _LENGTHS else (before, after)
    if sides[0] == sides[1]:
        return ""
    if key == "event_time":
        return "tightened" if before is None else "changed"
    if before is None or after is None:
        return "tightened" if before is None else "loosened"
    if key == "throughput":
        return "changed"
    return "tightened" if (sides[1] > sides[0]) == (key in SHARES) else "loosened"


def _retention(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    before, after = length(old.spec.retention), length(new.spec.retention)
    if before != after:
        longer = after is None or (before is not None and after > before)
        word = "retention.extended" if longer else "retention.shortened"
        said = tuple(text or "unlimited" for text in (old.spec.retention, new.spec.retention))
        yield change(word, "spec.retention", before=said[0], after=said[1])


def _roles(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    path = "spec.access.roles"
    if bool(before) != bool(after):
        word = "access.restricted" if after else "access.opened"
        yield change(word, path, before=before or None, after=after or None)
        return
    yield from _words("role", path, before, after)


def _policies(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    yield from _words("policy", "spec.access.policies", before, after)


def _purposes(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    path = "spec.access.purposes"
    if bool(before) != bool(after):
        word = "purpose.restricted" if after else "purpose.opened"
        yield change(word, path, before=before or None, after=after or None)
        return
    yield from _words("purpose", path, before, after)


def _words(word: str, path: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    for name in before:
        if name not in after:
            yield change(f"{word}.removed", path, before=name)
    for index, name in enumerate(after):
        if name not in before:
            yield change(f"{word}.added", f"{path}[{index}]", after=name)
