"""Whom the changes of a product concern: consumers, by the changed columns that they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.evolution import Change, Level
from mesh_orchestration.impact.readers import Kind, Readers, Use


@dataclass(frozen=True)
class Hit:
    """A consumer that reads what changes.

    ``columns`` are the changed columns that it reads, ``changes`` all that concern it (those of the whole
    product too), ``reaches`` the columns of other products (``domain.product.v1.column``) that get their
    values from these columns through it. ``why`` is set when it cannot be told which columns it reads.
    """

    consumer: str
    kind: Kind
    owner: str
    domain: str
    columns: tuple[str, ...]
    changes: tuple[Change, ...]
    reaches: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    why: str = ""

    @property
    def level(self) -> Level:
        """The gravest of the changes for a consumer."""
        return max(change.consumer for change in self.changes)


def hits(
    address: Address, changes: Iterable[Change], readers: Readers, *, least: Level = Level.NOTICE
) -> tuple[Hit, ...]:
    """Everybody whom ``changes`` of ``address`` concern, in the order of ``readers.of``.

    Changes that matter less than ``least`` to consumers concern nobody; a change of one column concerns those
    who read it, any other change everybody who reads the product.
    """
    graver = [change for change in changes if change.consumer >= least]
    return tuple(hit for use in readers.of(address) for hit in _hit(use, graver, readers))


def _hit(use: Use, changes: list[Change], readers: Readers) -> Iterator[Hit]:
    mine = tuple(change for change in changes if change.column is None or use.read(change.column))
    if not mine:
        return
    columns = sorted({change.column for change in mine if change.column is not None})
    yield Hit(
        consumer=use.consumer,
        kind=use.kind,
        owner=use.owner,
        domain=use.domain,
        columns=tuple(columns),
        changes=mine,
        reaches=_reaches(use, columns, readers),
        files=use.files,
        why=use.why,
    )


def _reaches(use: Use, columns: Iterable[str], readers: Readers) -> tuple[str, ...]:
    """Where the values of ``columns`` go through this consumer, its own columns first."""
    if use.address is None:
        return ()
    found: dict[str, None] = {}
    for column in columns:
        for name in use.into(column):
            found[f"{use.address}.{name}"] = None
            further = (flow for flow in readers.downstream(use.address, name) if flow.column)
            found |= dict.fromkeys(f"{flow.consumer}.{flow.column}" for flow in further)
    return tuple(found)
