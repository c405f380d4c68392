"""The change log of a table, read from where the ledger ends to where the log ends now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mesh_orchestration.engines.base import LedgerEntry
from mesh_orchestration.inputs.postgres.fold import Fold, ShapeChanged
from mesh_orchestration.inputs.postgres.followed import Followed, newest, position, spelled
from mesh_orchestration.inputs.postgres.pgoutput import Commit, decode
from mesh_orchestration.inputs.spool import Spool, spooled

CHANGES = 100_000  # messages after which a batch ends with its transaction


@dataclass(frozen=True)
class _Stretch:
    """A part of the log that was read: how many messages, where its last whole transaction ends (0: none), and
    why reading stopped before the end."""

    messages: int
    end: int
    changed: str = ""


@dataclass(frozen=True)
class _Done:
    """How far the log is landed, the batch's name and rows if it had any, and why it went no further."""

    end: int
    batch: tuple[str, int] | None = None
    changed: str = ""


def follow(of: Followed, entries: tuple[LedgerEntry, ...]) -> Iterator[tuple[str, int]]:
    """Land the log up to what was written when this began; gives the name and rows of each batch.

    A batch holds whole transactions, and the server may forget them once the engine has them. Raises
    SourceError when the log does not continue what was landed.
    """
    at, target = position(newest(entries).watermark), position(of.server.position())
    _check(of, newest(entries))
    while at < target:
        done = _next(of, at, target)
        if done.changed and done.end > at:
            # What ended before the change is sent again, and this time nothing follows it.
            before = _next(of, at, done.end)
            if before.batch:
                yield before.batch
        if done.changed:
            raise of.changed(done.changed)
        if done.batch:
            yield done.batch
        at = done.end


def _check(of: Followed, last: LedgerEntry) -> None:
    """Raise SourceError unless the slot continues where the ledger ends, and the table is the one landed."""
    of.server.await_slot(of.slot)
    server, slot = of.server, of.server.slot(of.slot)
    since = f"changes since {last.watermark} cannot be read any more"
    if slot is None or slot.lost:
        how = "the server gave it up (max_slot_wal_keep_size)" if slot else "it is not there"
        raise server.error(f"has lost the replication slot {of.slot}: {how}, so {since}; {of.resync}")
    if slot.plugin != "pgoutput":
        raise server.error(
            f"has the slot {of.slot} for {slot.plugin}, not pgoutput; give the port a `slot:` of its own"
        )
    if position(slot.confirmed) > position(last.watermark):
        raise server.error(
            f"sent what follows {last.watermark} of the replication slot {of.slot} to another reader, up to "
            f"{slot.confirmed}, so {since}; give each reader a `slot:` of its own, then {of.resync}"
        )
    stamp = json.loads(last.stamp)
    if stamp["origin"] != of.table.origin:
        raise server.error(f"has made {of.table} anew since it was landed; {of.resync}")
    landed = stamp["columns"]
    problems = [f"column {name} is new" for name in of.shape if name not in landed]
    problems += [
        f"column {name} has another type" for name in of.shape if landed.get(name) not in (None, of.shape[name])
    ]
    if of.table.whole:
        problems += [f"column {name} is gone" for name in landed if name not in of.shape]
    if problems:
        raise of.changed(", ".join(problems))
    if position(slot.confirmed) < position(last.watermark):
        # A run was killed between the engine's commit and the server's; nothing landed is sent again.
        server.advance_slot(of.slot, last.watermark)


def _next(of: Followed, at: int, upto: int) -> _Done:
    """Land the next batch of the log, which begins at ``at``; nothing when the table's shape changes in it."""
    with spooled(of.context.settings) as spool:
        stretch = _read(of, spool, upto)
        if stretch.changed:
            return _Done(stretch.end, changed=stretch.changed)
        end = stretch.end if stretch.messages >= CHANGES else max(upto, stretch.end)
        batch = _land(of, spool, at, end)
    of.server.advance_slot(of.slot, spelled(end))
    return _Done(end, batch)


def _read(of: Followed, spool: Spool, upto: int) -> _Stretch:
    fold, messages, end = Fold(of.table), 0, 0
    try:
        for message in of.server.peek(of.slot, of.publication, upto=spelled(upto), changes=CHANGES):
            event, messages = decode(message), messages + 1
            if isinstance(event, Commit):
                end = event.end
            elif event is not None:
                fold.take(event)
            if fold.full:
                spool.put(fold.step())
        if not fold.empty:
            spool.put(fold.step())
    except ShapeChanged as changed:
        return _Stretch(messages, end, str(changed))
    except ValueError as error:
        raise of.unfit(error) from error
    return _Stretch(messages, end)


def _land(of: Followed, spool: Spool, at: int, end: int) -> tuple[str, int] | None:
    """Put the batch into the engine, or only the position when nothing of the table changed."""
    entries = of.ledger()
    if not len(spool):
        of.engine.advance(of.port, newest(entries).batch, spelled(end), expected=entries)
        return None
    batch = of.batch(f"{spelled(at)}-{spelled(end)}", spelled(end))
    landed = of.engine.apply(of.port, of.table.columns, batch, spool.steps(), key=of.table.key, expected=entries)
    return batch.name, landed.rows
