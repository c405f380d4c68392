"""The history of a product in words that its consumers read: one heading a version, what matters to them first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mesh_orchestration.contract.evolution.change import Bump, Change, Level
from mesh_orchestration.contract.evolution.diff import changes
from mesh_orchestration.contract.evolution.verdict import verdict
from mesh_orchestration.contract.markdown import escaped
from mesh_orchestration.contract.model import DataProduct

_HEADINGS = {
    Level.BREAKING: "Breaking",
    Level.NOTICE: "Needs notice",
    Level.COMPATIBLE: "Compatible",
    Level.DOCUMENTATION: "Documentation",
}


@dataclass(frozen=True)
class State:
    """What a contract said from a moment on; ``at`` is None for what is not committed yet. ``gone`` says that
    the contract went, and then ``product`` is the last one."""

    product: DataProduct
    at: datetime | None
    commit: str = ""
    gone: bool = False


@dataclass(frozen=True)
class Release:
    """One version of a product, against the version before it; ``first`` when there is none to compare with."""

    address: str
    version: str
    status: str
    at: datetime | None
    commit: str
    changes: tuple[Change, ...]
    required: Bump
    first: str = ""
    gone: bool = False


def releases(states: Sequence[State]) -> tuple[Release, ...]:
    """The versions of one product across its majors, newest first; ``states`` come oldest first.

    What was edited under one version counts as one: its first date, its last words. The first version of
    a major is compared with the last of the major before it.
    """
    last: dict[int, DataProduct] = {}
    found: list[Release] = []
    for group in _versions(states):
        head, final = group[0], group[-1]
        major = final.product.address.major
        old = last.get(major) or last.get(max((known for known in last if known < major), default=-1))
        if head.gone:
            found.append(_release(head, old or head.product, final.product))
            continue
        found.append(_release(head, old, final.product))
        last[major] = final.product
    return tuple(reversed(found))


def markdown(name: str, found: Sequence[Release], notes: Sequence[str] = ()) -> str:
    """The changelog of the product ``name`` (``domain.product``) as Markdown; ``notes`` stand above it."""
    lines = [f"# Changelog of {name}", ""]
    for note in notes:
        lines += [f"> {note}", ""]
    for release in found:
        lines += [_title(release), "", *_body(release)]
    return "\n".join(lines).rstrip() + "\n"


def _versions(states: Sequence[State]) -> Iterator[list[State]]:
    """The states grouped by version within each major, in the order in which the versions began."""
    open_: dict[int, list[State]] = {}
    order: list[list[State]] = []
    for state in states:
        major = state.product.address.major
        group = open_.get(major)
        if group and not state.gone and not group[-1].gone and group[-1].product.version == state.product.version:
            group.append(state)
            continue
        open_[major] = [state]
        order.append(open_[major])
    yield from order


def _release(head: State, old: DataProduct | None, new: DataProduct) -> Release:
    required: Bump = "none"
    found: tuple[Change, ...] = ()
    if old is not None and not head.gone:
        found = tuple(sorted(changes(old, new), key=lambda change: change.consumer, reverse=True))
        required = verdict(old, new).required
    return Release(
        address=str(new.address),
        version=new.version,
        status=new.metadata.status,
        at=head.at,
        commit=head.commit,
        changes=found,
        required=required,
        first="" if old else _beginning(new),
        gone=head.gone,
    )


def _beginning(product: DataProduct) -> str:
    key = f", key {', '.join(product.primary_key)}" if product.primary_key else ""
    count = len(product.fields)
    return f"First version: {count} column{'s' if count != 1 else ''}{key}."


def _title(release: Release) -> str:
    day = f"{release.at:%Y-%m-%d}" if release.at else "not committed yet"
    if release.gone:
        return f"## {release.address} was removed ({day})"
    status = "" if release.status == "active" else f", {release.status}"
    return f"## {release.version} ({day}{status})"


def _body(release: Release) -> Iterator[str]:
    if release.gone:
        return
    if release.first:
        yield from (release.first, "")
    elif not release.changes:
        yield from ("Nothing that matters to consumers.", "")
    for level in sorted(_HEADINGS, reverse=True):
        if said := [change for change in release.changes if change.consumer is level]:
            yield from (f"**{_HEADINGS[level]}**", "")
            yield from (f"- {_line(change)}" for change in said)
            yield ""


def _line(change: Change) -> str:
    """The change in one line of Markdown; the reason is told where it asks something of the reader."""
    text = " ".join(change.says.split())
    if change.consumer >= Level.NOTICE:
        text = f"{text}: {change.reason}"
    return escaped(f"{text[:1].upper()}{text[1:]}.")
