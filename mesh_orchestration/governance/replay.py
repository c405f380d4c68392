"""Known inputs judged by two bundles, and who comes off otherwise. Waivers are left aside: they change no rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.governance.access import STRICTEST, Access, Reader, decide_access
from mesh_orchestration.governance.bundle import Bundle
from mesh_orchestration.governance.decide import Verdict, decide
from mesh_orchestration.governance.documents import Judged
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.propose import MODES

_LEVELS = ("", *MODES)
_SHARES = (0.01, 0.05, 0.2, 1.0)


@dataclass(frozen=True)
class Affected:
    """Who is judged otherwise, by which rule: ``before`` and ``after`` say how, ``lighter`` whether it got easier."""

    code: str
    subject: str
    before: str
    after: str
    lighter: bool


def replayed(before: Bundle, after: Bundle, documents: Sequence[Judged], *, today: date) -> tuple[Affected, ...]:
    """The subjects of ``documents`` that the two bundles judge otherwise, by rule."""
    old, new = (_found(bundle, documents, today) for bundle in (before, after))
    return tuple(_affected(old, new))


def publications(contracts: Sequence[Judged], *bundles: Bundle) -> tuple[Judged, ...]:
    """Each contract as if its columns held personal data, of every kind that a bundle knows, rarely up to always."""
    kinds = sorted(
        {kind for one in bundles for kind in one.data.get("config", {}).get("personal", {}).get("values", {})}
    )
    found = []
    for contract in contracts:
        fields = contract.value["product"]["spec"]["schema"]["fields"]
        for share in _SHARES:
            patterns = [
                {"column": field["name"], "index": index, "pattern": kind, "share": share}
                for index, field in enumerate(fields)
                for kind in kinds
                if not field["pii"]
            ]
            value = {**contract.value, "evidence": {"patterns": patterns}}
            found.append(
                replace(contract, kind="publication", subject=f"{contract.subject} at {share:.0%}", value=value)
            )
    return tuple(found)


def replayed_reads(
    before: Bundle, after: Bundle, products: Iterable[DataProduct], *, today: date
) -> tuple[tuple[Affected, ...], int]:
    """Who sees otherwise, among every role that either bundle knows and one that none does, for every purpose a product
    names and for none; and how many reads were tried."""
    roles = sorted({role for bundle in (before, after) for role in bundle.data.get("config", {}).get("roles", {})})
    asked = [
        (product, Reader("somebody", role, purpose))
        for product in products
        for role in (*roles, "a role nobody defined")
        for purpose in ("", *product.spec.access.purposes)
    ]
    old, new = (_reads(bundle, asked, today) for bundle in (before, after))
    found = []
    for (product, reader), was, is_ in zip(asked, old, new, strict=True):
        if _view(was) != _view(is_):
            subject = f"{product.address} read as {reader.role}" + (f" for {reader.purpose}" if reader.purpose else "")
            codes = sorted({*was.rules} ^ {*is_.rules}) or sorted(is_.rules)
            found.append(Affected(", ".join(codes), subject, _sight(was), _sight(is_), _sees_more(was, is_)))
    return tuple(found), len(asked)


def _found(bundle: Bundle, documents: Sequence[Judged], today: date) -> dict[tuple[str, str], list[int]]:
    """The levels of all findings, highest first, by rule and subject."""
    if not bundle.rules:
        return {}
    with Embedded() as engine:
        engine.load(bundle.deciding, bundle.data)
        verdicts: tuple[Verdict, ...] = decide(bundle, engine, documents, today=today)
    found: dict[tuple[str, str], list[int]] = {}
    for verdict in verdicts:
        found.setdefault((verdict.code, verdict.subject), []).append(_LEVELS.index(verdict.outcome))
    return {key: sorted(levels, reverse=True) for key, levels in found.items()}


def _affected(old: Mapping[tuple[str, str], list[int]], new: Mapping[tuple[str, str], list[int]]) -> Iterator[Affected]:
    for key in sorted(old.keys() | new.keys()):
        was, is_ = old.get(key, []), new.get(key, [])
        if was != is_:
            yield Affected(*key, _levels(was), _levels(is_), lighter=not _covers(is_, was))


def _covers(more: list[int], less: list[int]) -> bool:
    """Whether the findings of ``more`` are as many and as hard as those of ``less``."""
    return len(more) >= len(less) and all(left >= right for left, right in zip(more, less, strict=False))


def _levels(levels: list[int]) -> str:
    if not levels:
        return "nothing"
    return _LEVELS[levels[0]] + (f" ×{len(levels)}" if len(levels) > 1 else "")


def _reads(bundle: Bundle, asked: Sequence[tuple[DataProduct, Reader]], today: date) -> list[Access]:
    with Embedded() as engine:
        if bundle.rules:
            engine.load(bundle.deciding, bundle.data)
        return [decide_access(bundle, engine, product, reader, today=today) for product, reader in asked]


def _view(access: Access) -> tuple[Any, ...]:
    return access.allowed, dict(access.masks), sorted(map(str, access.filters))


def _sight(access: Access) -> str:
    if not access.allowed:
        return "denied"
    parts = [f"{column} {mask}" for column, mask in sorted(access.masks.items())]
    parts += [f"rows with {one.column} {one.operator} {one.value}" for one in access.filters]
    return "allowed" + (f" ({', '.join(parts)})" if parts else "")


def _sees_more(was: Access, is_: Access) -> bool:
    if not is_.allowed:
        return False
    if not was.allowed:
        return True
    masked = all(
        column in is_.masks and STRICTEST.index(is_.masks[column]) <= STRICTEST.index(mask)
        for column, mask in was.masks.items()
    )
    return not (masked and set(map(str, was.filters)) <= set(map(str, is_.filters)))
