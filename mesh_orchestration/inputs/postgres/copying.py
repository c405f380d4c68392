"""The first copy of a table: its rows at one position of the log, from which a slot then keeps every change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from psycopg2.errors import LockNotAvailable

from mesh_orchestration.engines.base import Changes
from mesh_orchestration.inputs.postgres.followed import Followed, position, spelled
from mesh_orchestration.inputs.postgres.server import PATIENCE
from mesh_orchestration.inputs.postgres.text import array

ROWS = 10_000
_BEGUN = "begun"


def copy(of: Followed) -> tuple[str, int]:
    """Land the table as all that the port holds; gives the batch's name and rows.

    A slot of this port that is there already is made anew; one that another mesh made is a SourceError.
    """
    _clear_way(of)
    names = [column.name for column in of.table.columns]
    of.server.provide_publication(of.publication, of.table.schema, of.table.name, names)
    with of.server.replication() as cursor:
        start, snapshot = _make_slot(of, cursor)
        batch = of.batch(f"{start} snapshot", start)
        try:
            landed = of.engine.apply(
                of.port, of.table.columns, batch, _steps(of, snapshot), expected=of.ledger(), anew=True
            )
        except BaseException as error:
            # Without rows the slot would only keep the server from forgetting its log.
            of.server.drop_slot(of.slot)
            if isinstance(error, ValueError):
                raise of.unfit(error) from error
            raise
    return batch.name, landed.rows


def _clear_way(of: Followed) -> None:
    landed = bool(of.ledger())
    if of.server.slot(of.slot):
        if not landed:
            raise of.server.error(
                f"has a replication slot {of.slot} that this mesh has not made; if no other mesh reads it, drop it "
                f"there: select pg_drop_replication_slot('{of.slot}'); else give the port a `slot:` of its own"
            )
        of.server.drop_slot(of.slot)
    if not landed:
        # Says that a slot found later is ours, should this run be killed once it is made.
        of.engine.apply(of.port, of.table.columns, of.batch(_BEGUN, ""), ())


def _make_slot(of: Followed, cursor: Any) -> tuple[str, str]:
    """The position the slot begins at, and the name of the snapshot that shows the table at that position."""
    try:
        cursor.execute(f'CREATE_REPLICATION_SLOT "{of.slot}" LOGICAL pgoutput EXPORT_SNAPSHOT')
    except LockNotAvailable as error:
        raise of.server.error(
            f"has a transaction that stayed open for more than {PATIENCE} s, and a copy begins when all that were open "
            "have ended; end it (pg_stat_activity.xact_start tells which) or run again later"
        ) from error
    _name, point, snapshot, _plugin = cursor.fetchone()
    return spelled(position(point)), str(snapshot)


def _steps(of: Followed, snapshot: str) -> Iterator[Changes]:
    columns = of.table.columns
    names = [column.name for column in columns]
    for rows in of.server.copy(snapshot, (of.table.schema, of.table.name), names, ROWS):
        parts = zip(columns, zip(*rows, strict=True), strict=True)
        yield Changes(pa.record_batch([array(column, part) for column, part in parts], names=names))
