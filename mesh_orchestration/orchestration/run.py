"""Materialise the mesh, or part of it, in this process, without a daemon or a web server.

The runs are Dagster's own: they stand in the instance under their code location, can be looked at
in the UI and executed again there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import dagster as dg

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.governance.denials import denials
from mesh_orchestration.orchestration.domain import build_domain
from mesh_orchestration.orchestration.execution import PROCESS_TAG, Execution, OnEvent, Progress, execute, host
from mesh_orchestration.orchestration.metadata import product_key
from mesh_orchestration.orchestration.plan import Stage, resolve, stages, with_missing_upstream
from mesh_orchestration.orchestration.standing import is_published, refusal
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import span

__all__ = ["OnEvent", "Outcome", "ProductRun", "Progress", "RunReport", "run", "settle_abandoned"]

Outcome = Literal["published", "refused", "failed", "skipped"]


@dataclass(frozen=True)
class ProductRun:
    """What a run did for one product; ``reasons`` says why it was not published."""

    address: Address
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    run_id: str = ""


@dataclass(frozen=True)
class RunReport:
    """The outcome of every product that was run, in that order, and the domains that could not be loaded."""

    products: tuple[ProductRun, ...]
    broken: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every product was published."""
        return not self.broken and all(product.outcome == "published" for product in self.products)


def _ignore(progress: Progress) -> None:
    """The callback of a caller who does not want to know."""


def run(
    settings: Settings,
    selection: Iterable[str] = (),
    *,
    instance: dg.DagsterInstance,
    on_event: OnEvent = _ignore,
) -> RunReport:
    """Publish the products that ``selection`` names (domains, addresses; everything when empty).

    What they read is included only when it was never published. A domain that fails stops nobody else;
    consumers of a product that was refused run on its last good snapshot, or are skipped when there is
    none. Raises MeshError for a word that names nothing, StorageError when the catalog cannot be
    reached; an interrupt cancels the current run and is raised again.
    """
    begun = time.monotonic()
    words = tuple(selection)
    mesh = load_mesh(settings)
    settle_abandoned(instance)
    session = _Session(settings, mesh, instance=instance, on_event=on_event)
    asked = resolve(mesh, words)
    with span(settings, "mesh run", {"mesh.selection": [str(address) for address in asked]}):
        for stage in stages(mesh, with_missing_upstream(mesh, asked, session.is_published)):
            session.run(stage)
    unloadable = session.broken | {domain for domain in mesh.broken if not words or domain in words}
    broken = {domain: str(mesh.broken[domain]) for domain in sorted(unloadable & set(mesh.broken))}
    return RunReport(tuple(session.done.values()), broken, time.monotonic() - begun)


def settle_abandoned(instance: dg.DagsterInstance) -> tuple[str, ...]:
    """Fail the in-process runs whose process on this machine is gone, free their pools; returns their ids."""
    unfinished = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    gone = [
        run for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)) if _is_gone(run.tags.get(PROCESS_TAG, ""))
    ]
    for run in gone:
        instance.report_run_failed(run, f"The process that ran this ({run.tags[PROCESS_TAG]}) ended without a word.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return tuple(run.run_id for run in gone)


def _is_gone(tag: str) -> bool:
    machine, _, process = tag.rpartition(".")
    if machine != host() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class _Session:
    """One call of ``run``: what has been done so far."""

    def __init__(self, settings: Settings, mesh: Mesh, *, instance: dg.DagsterInstance, on_event: OnEvent) -> None:
        self.settings, self.mesh, self.instance, self.on_event = settings, mesh, instance, on_event
        self.done: dict[Address, ProductRun] = {}
        self.broken: set[str] = set()
        self._published: set[Address] = set()

    def is_published(self, address: Address) -> bool:
        """Whether consumers can read the product, from this run or an earlier one."""
        if address not in self._published and is_published(self.settings, address):
            self._published.add(address)
        return address in self._published

    def run(self, stage: Stage) -> None:
        """Run one stage and record the outcome of each of its products."""
        names = ", ".join(address.product for address in stage.addresses)
        self.on_event(Progress("domain", stage.domain, stage.domain, names))
        ready = [address for address in stage.addresses if not self._skipped(address, stage)]
        if not ready:
            return
        try:
            definitions = build_domain(self.settings, self.mesh, stage.domain)
        except MeshError as error:
            self.broken.add(stage.domain)
            for address in ready:
                self._record(ProductRun(address, "failed", (str(error),)))
            return
        ready = self._permitted(ready, stage.domain)
        if not ready:
            return
        execution = execute(
            self.settings, definitions, stage.domain, ready, instance=self.instance, on_event=self.on_event
        )
        for address in ready:
            self._record(self._outcome(address, execution))

    def _permitted(self, addresses: list[Address], domain: str) -> list[Address]:
        """The addresses that the policies let run; the others are refused with the policies' reasons."""
        denied = denials(self.settings, self.mesh, self.mesh.of(domain))
        for address in addresses:
            if address in denied:
                self._record(ProductRun(address, "refused", denied[address]))
        return [address for address in addresses if address not in denied]

    def _skipped(self, address: Address, stage: Stage) -> bool:
        """Whether something the product reads was never published and does not run in the same stage."""
        sources = self.mesh.upstream(self.mesh.products[address])
        missing = [source for source in sources if source not in stage.addresses and not self.is_published(source)]
        if missing:
            self._record(ProductRun(address, "skipped", tuple(self._why_missing(source) for source in missing)))
        return bool(missing)

    def _why_missing(self, source: Address) -> str:
        reasons = self.done[source].reasons if source in self.done else refusal(self.settings, source)
        because = f", because {'; '.join(reasons)}" if reasons else ""
        return f"it reads {source}, which was never published{because}"

    def _outcome(self, address: Address, execution: Execution) -> ProductRun:
        key = product_key(address)
        if key in execution.materialised:
            return ProductRun(address, "published", run_id=execution.run_id)
        refused = key in execution.refused
        return ProductRun(address, "refused" if refused else "failed", execution.reasons(key), run_id=execution.run_id)

    def _record(self, outcome: ProductRun) -> None:
        self.done[outcome.address] = outcome
        if outcome.outcome == "skipped":
            text = "; ".join(outcome.reasons)
            self.on_event(Progress("skipped", outcome.address.domain, str(outcome.address), text))
