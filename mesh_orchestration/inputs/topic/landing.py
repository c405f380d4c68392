"""Where a port stands in its topic, and the batches that take it further."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mesh_orchestration.engines.base import Batch, Engine, LedgerEntry
from mesh_orchestration.engines.stream import refused_table
from mesh_orchestration.inputs.base import IngestContext, Ingested
from mesh_orchestration.inputs.spool import Spool, spooled
from mesh_orchestration.inputs.topic.broker import Message, Topic
from mesh_orchestration.inputs.topic.messages import Gathered, Reading

BATCH_MESSAGES = 200_000
STEP_MESSAGES = 50_000
STEP_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Standing:
    """What the ledger says: the next offset of each partition, and how often the port has begun again."""

    offsets: Mapping[int, int] = field(default_factory=dict)
    generation: int = 1
    batch: str = ""


def standing(entries: Sequence[LedgerEntry]) -> Standing:
    """Where a port with these ledger entries stands."""
    if not entries:
        return Standing()
    newest = max(entries, key=lambda entry: entry.batch)
    pairs = (part.split(":") for part in newest.watermark.split(",") if part)
    return Standing({int(number): int(offset) for number, offset in pairs}, int(newest.stamp), newest.batch)


def watermark(offsets: Mapping[int, int]) -> str:
    """Offsets as text: ``0:17,1:4``."""
    return ",".join(f"{number}:{offset}" for number, offset in sorted(offsets.items()))


class Landing:
    """One run of one port."""

    def __init__(self, port: str, engine: Engine, context: IngestContext, topic: Topic, reading: Reading) -> None:
        self._port, self._engine, self._context, self._topic, self._reading = port, engine, context, topic, reading
        self._rows, self._batches = 0, list[str]()
        self._warnings, self._ignored = list[str](), set[str]()

    def run(self) -> Ingested:
        before = standing(self._engine.ledger(self._port))
        resync = self._context.resync and bool(before.batch)
        anew = resync and bool(self._reading.key)
        start = self._start(before, resync=resync, anew=anew)
        generation = before.generation + (1 if resync else 0)
        messages = self._topic.drain(start)
        # What replaces everything is landed as one batch: nobody sees half of it.
        more = self._batch(messages, generation, limit=None if anew else BATCH_MESSAGES, anew=anew)
        while more:
            more = self._batch(messages, generation, limit=BATCH_MESSAGES)
        reached = watermark(self._topic.positions)
        return Ingested(self._port, self._rows, tuple(self._batches), watermark=reached, warnings=tuple(self._warnings))

    def _start(self, before: Standing, *, resync: bool, anew: bool) -> dict[int, int]:
        """Where to read each partition from; SourceError when it no longer has what follows the landed messages."""
        oldest = self._topic.oldest()
        start = {number: offset if anew else before.offsets.get(number, offset) for number, offset in oldest.items()}
        for number in before.offsets:
            if number not in oldest and not resync:
                raise self._topic.error(
                    f"has no partition {number} any more, so it was made anew; {self._topic.way_out}"
                )
        for number, offset in start.items():
            if offset < oldest[number] and not resync:
                raise self._topic.gone(number, offset)
            if offset < oldest[number]:
                self._warn(
                    f"partition {number}: messages {offset} to {oldest[number] - 1} are gone and were never landed"
                )
            if resync and not oldest[number] <= offset <= self._topic.end(number):
                start[number] = oldest[number]
        return start

    def _warn(self, text: str) -> None:
        self._warnings.append(text)

    def _batch(self, messages: Iterator[Message], generation: int, *, limit: int | None, anew: bool = False) -> bool:
        """Land the next messages as one batch; whether there may be more."""
        with spooled(self._context.settings) as spool:
            count = self._gather(spool, itertools.islice(messages, limit))
            self._land(spool, generation, anew=anew)
        return count == limit

    def _gather(self, spool: Spool, messages: Iterator[Message]) -> int:
        gathered, count, size = Gathered(self._reading), 0, 0
        for message in messages:
            gathered.take(message)
            count, size = count + 1, size + len(message.value or b"")
            if gathered.count >= STEP_MESSAGES or size >= STEP_BYTES:
                self._put(spool, gathered)
                gathered, size = Gathered(self._reading), 0
        if gathered.count:
            self._put(spool, gathered)
        return count

    def _put(self, spool: Spool, gathered: Gathered) -> None:
        spool.put(gathered.step())
        if gathered.ignored and not self._ignored:
            self._warn(f"ignored fields the port does not declare: {', '.join(sorted(gathered.ignored))}")
        self._ignored |= gathered.ignored
        if gathered.bad:
            origin, reason, *_ = gathered.bad[0]
            self._warn(
                f"{len(gathered.bad)} messages were put aside in {refused_table(self._port)}; "
                f"the first, {origin}, {reason}"
            )

    def _land(self, spool: Spool, generation: int, *, anew: bool) -> None:
        entries, reached = self._engine.ledger(self._port), watermark(self._topic.positions)
        stands = standing(entries)
        if not len(spool) and entries and not anew and stands.generation == generation:
            if watermark(stands.offsets) != reached:
                self._engine.advance(self._port, stands.batch, reached, expected=entries)
            return
        name = f"{generation:04}-{sum(self._topic.positions.values()):020}"
        digest = hashlib.sha256(f"{self._topic.name} {name} {reached}".encode()).hexdigest()
        now, run = self._context.now, self._context.run_id
        batch = Batch(name, f"sha256:{digest}", now, run, reached, stamp=str(generation))
        how = self._reading
        landed = self._engine.apply(
            self._port, how.columns, batch, spool.steps(), key=how.key, expected=entries, anew=anew
        )
        if len(spool):
            self._rows += landed.rows
            self._batches.append(name)
