"""Erasing a person: out of landed files, engines, every kept snapshot and the files behind them.

    suppress   the person is put on the list that landing compares with, so no later batch brings them back
    file       each landed file is written anew without their rows
    engine     their rows leave the landing tables, with what the ledger says, and the models' tables
    product    each product is published again without them; this wins over the contract's checks
    port       who reads such a product lands the new snapshot
    expire     branches, tags and snapshots that hold them go, at once and with their files
    compact    the engines' files are written anew, because a deleted row stays in them for a while
    verify     everything is searched once more, and a proof is written

Each step looks at what there is, so that it can be done again: a killed erasure goes on when it is given again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial

from pyiceberg.table import Table

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.engines.forgetting import ForgettingEngine, Rewritten
from mesh_orchestration.engines.suppression import Suppressed, suppress
from mesh_orchestration.errors import PublicationConflict
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.inputs import IngestContext, ingest
from mesh_orchestration.privacy.journal import Journal, Journals
from mesh_orchestration.privacy.landed import fingerprint, landed_files, rewrite, stamp
from mesh_orchestration.privacy.landed import held as held_in_file
from mesh_orchestration.privacy.matching import matches
from mesh_orchestration.privacy.proof import Proof, proof_of
from mesh_orchestration.privacy.republish import republish
from mesh_orchestration.privacy.search import Request, search, search_to_the_byte
from mesh_orchestration.privacy.stores import forgetting, ports_of, tables_of
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.commit import discard
from mesh_orchestration.storage.objects import StoredFile
from mesh_orchestration.storage.snapshots import MAIN, published
from mesh_orchestration.storage.upkeep import expire_now

_ATTEMPTS = 5


def _nobody(step: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Order:
    """Who wants a person erased, and why; ``observer`` hears the name of each step as it begins."""

    asked: Request
    reader: Reader
    reason: str = ""
    observer: Callable[[str], None] = _nobody


def erase(order: Order) -> Proof:
    """Erase the person everywhere and prove it; an erasure of them that did not end is taken up again.

    Raises EngineError when an engine stays busy, StorageError and PublicationConflict: what was done stays done,
    and giving the same order again goes on.
    """
    journals = Journals(order.asked.settings)
    with journals.exclusive():
        return Erasure(order, journals).run()


class Erasure:
    """One run of an erasure, from wherever its journal says it is."""

    def __init__(self, order: Order, journals: Journals) -> None:
        self.order, self.asked, self.settings = order, order.asked, order.asked.settings
        self.journals, self.subject = journals, order.asked.subject
        self.journal = self._journal()

    def _journal(self) -> Journal:
        known = self.journals.unfinished(self.subject, self.asked.naming.column)
        if known:
            return replace(known, resumed=known.resumed + 1)
        begun = self.journals.begin(
            self.subject,
            self.asked.naming.column,
            now=self.settings.now(),
            who=self.order.reader.who,
            reason=self.order.reason,
        )
        return replace(begun, before=[asdict(found) for found in search(self.asked)])

    def run(self) -> Proof:
        self.journals.save(self.journal)
        self._remember("begun" if not self.journal.resumed else "taken up again")
        if any(found.rows != 0 or found.note for found in self.journal.found):
            for step, act in self._steps():
                if not self.journal.done(step):
                    self.order.observer(step)
                    act()
                    self.journal.steps.append(step)
                    self.journals.save(self.journal)
        self.order.observer("verify")
        left = search_to_the_byte(self.asked)
        self.journal.verified = not left
        if left:
            self.journal.steps.clear()
        decision = self._remember("finished" if not left else "not finished: some rows are left")
        proof = proof_of(self.settings, self.asked.naming, self.journal, left, decision=decision)
        return replace(proof, path=str(self.journals.finish(self.journal, proof.json())))

    def _steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """The steps in their order; only those that are cheap to look at again stand in the journal as done."""
        yield "suppress", self._suppress
        yield "files", self._files
        for domain in self.asked.mesh.domains:
            yield f"engine {domain}", partial(self._engine, domain)
        with open_lake(self.settings) as lake:
            for address in self._in_order():
                yield f"product {address}", partial(self._product, lake, address)
            for domain, port in self.asked.data_ports:
                yield f"port {domain}.{port.name}", partial(self._port, domain, port)
            for address in self._in_order():
                yield f"expire {address}", partial(self._expire, lake, address)
        for domain in self.asked.mesh.domains:
            yield f"compact {domain}", partial(self._compact, domain)

    def _in_order(self) -> tuple[Address, ...]:
        named = self.asked.naming.products
        return tuple(product.address for product in self.asked.mesh.order() if product.address in named)

    def _remember(self, what: str) -> str:
        """Write to the log of decisions; the hash of its record."""
        naming, reader = self.asked.naming, self.order.reader
        decision = Decision(
            point="erase",
            verdict="allow",
            subject=self.subject.name,
            who=reader.who,
            role=reader.role,
            purpose=reader.purpose,
            columns=(naming.column,),
            reason=f"erasure {self.journal.id} {what}" + (f": {self.order.reason}" if self.order.reason else ""),
        )
        record = DecisionLog(self.settings).append(decision)
        return record.hash if record else ""

    def _suppress(self) -> None:
        naming = self.asked.naming
        ports = {f"{domain}.{port}": tuple(columns) for (domain, port), columns in naming.landed.items()}
        person = Suppressed(
            self.journal.digest, self.journal.hashed_with, ports, tuple(sorted(naming.names)), self.journal.id
        )
        suppress(self.settings, (person,))

    def _files(self) -> None:
        for file in landed_files(self.settings, self.asked.mesh, self.asked.naming):
            known = self.journal.files.get(str(file.path))
            rows = held_in_file(file, self.subject)
            if not rows and (known is None or "after" in known):
                continue
            if known is None:
                known = {"action": "rewritten", "rows": rows, "sha256": fingerprint(file.path)}
                self.journal.files[str(file.path)] = known
                self.journals.save(self.journal)
            rewrite(file, self.subject)
            known |= {"after": fingerprint(file.path), "stamp": stamp(file.path)}
            self.journals.save(self.journal)

    def _engine(self, domain: str) -> None:
        engine = forgetting(self.settings, domain)
        if not engine.exists:
            return
        with engine:
            rewritten = self._rewritten(domain)
            landed = {table.port: table for table in tables_of(engine, self.asked.naming, self.subject) if table.port}
            # A port that does not land the column has no way to tell the rows apart: it lands the new file whole.
            for port, table in landed.items():
                gone = engine.forget_landed(port, table.holding, files=rewritten.get(port, {}), token=self.journal.id)
                self._count(f"{domain}.{table.name}", gone)
            for table in tables_of(engine, self.asked.naming, self.subject):
                if not table.port:
                    self._count(f"{domain}.{table.name}", engine.forget(table.name, table.holding))
            for port in ports_of(self.asked.mesh, domain):
                gone = engine.forget_refused(port, engine.refused_with(port, self.subject.key))
                self._count(f"{domain}.refused__{port}", gone)

    def _rewritten(self, domain: str) -> dict[str, dict[str, Rewritten]]:
        """The files written anew that ports of the domain landed, by port and batch."""
        found: dict[str, dict[str, Rewritten]] = {}
        for file in landed_files(self.settings, self.asked.mesh, self.asked.naming):
            known = self.journal.files.get(str(file.path))
            for owner, port, batch in file.batches if known and "after" in known else ():
                if owner == domain and known:
                    change = Rewritten(known["sha256"], known["after"], known["stamp"])
                    found.setdefault(port, {})[batch] = change
        return found

    def _count(self, table: str, rows: int) -> None:
        if rows:
            self.journal.removed[table] = self.journal.removed.get(table, 0) + rows

    def _product(self, lake: Lake, address: Address) -> None:
        for attempt in range(_ATTEMPTS):
            current = published(lake, address)
            holding = self.asked.holding(address)
            standing = {one.snapshot_id: one for one in self.asked.files(lake, address).snapshots()}
            if current is None or current.snapshot_id not in standing:
                return
            run_id = f"erasure-{self.journal.id}-{attempt}-{current.snapshot_id}"
            try:
                done = republish(
                    lake,
                    self.asked.mesh.products[address],
                    current,
                    partial(matches, holding=holding),
                    run_id=run_id,
                    rewrite="erasure",
                )
            except PublicationConflict:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                said = {"snapshot": done.snapshot_id, "rows": done.rows, "broken": list(done.reasons)}
                self.journal.published[str(address)] = said
                return

    def _port(self, domain: str, port: InputPort) -> None:
        engine = engine_for(self.settings, domain)
        if isinstance(engine, ForgettingEngine) and not engine.exists:
            return
        with engine:
            if engine.ledger(port.name):
                run_id = f"erasure-{self.journal.id}"
                ingest(port, engine, context=IngestContext(self.settings, run_id, self.settings.now(), self.asked.mesh))

    def _expire(self, lake: Lake, address: Address) -> None:
        files = self.asked.files(lake, address)
        held = [one for one in files.snapshots() if one.standing != "published"]
        refs = tuple(name for one in held for name in one.refs if name != MAIN)
        table = lake.table(address)
        if table is None:
            return
        self.journal.dropped += [f"{address} {name}" for name in refs]
        known = self.journal.expired.setdefault(str(address), [])
        known += [one.snapshot_id for one in held if one.snapshot_id not in known]
        self.journals.save(self.journal)
        snapshots = tuple(one.snapshot_id for one in held)
        expire_now(lake, address, refs=refs, snapshots=snapshots, witness=partial(self._witness, table))
        for orphan, _ in self.asked.files(lake, address).orphans():
            self._witness(table, orphan)
            discard(table, [orphan.location])

    def _witness(self, table: Table, file: StoredFile) -> None:
        """Note a file of the warehouse that is about to go."""
        if file.location in self.journal.files:
            return
        digest = hashlib.sha256()
        with table.io.new_input(file.location).open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        self.journal.files[file.location] = {
            "action": "deleted",
            "sha256": f"sha256:{digest.hexdigest()}",
            "bytes": file.size,
        }
        self.journals.save(self.journal)

    def _compact(self, domain: str) -> None:
        tables = {*self.journal.removed, *(one.where for one in self.journal.found)}
        touched = any(name.startswith(f"{domain}.") for name in tables)
        landed = any(owner == domain for owner, _ in self.asked.data_ports)
        engine = forgetting(self.settings, domain)
        if engine.exists and (touched or landed):
            with engine:
                engine.compact()
            self.journal.compacted.append(domain)
