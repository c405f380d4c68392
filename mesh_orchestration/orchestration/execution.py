"""One Dagster run of one domain, executed in this process and recorded as if its code location had run it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.events import RunFailureReason
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from mesh_orchestration.contract.address import Address
from mesh_orchestration.orchestration.dbt_assets import pool
from mesh_orchestration.orchestration.metadata import product_key, tag_value, tags
from mesh_orchestration.orchestration.products import REFUSED
from mesh_orchestration.orchestration.reasons import failure_text
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import span

LOCATIONS_MODULE = "mesh_orchestration.locations"
PROCESS_TAG = "mesh/process"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

Kind = Literal["domain", "waiting", "input", "model", "check", "published", "refused", "failed", "skipped"]


@dataclass(frozen=True)
class Progress:
    """Something that happened just now; ``subject`` is a domain, an asset's path or an address."""

    kind: Kind
    domain: str
    subject: str
    text: str = ""


OnEvent = Callable[[Progress], None]


@dataclass
class Execution:
    """What a run has done so far: assets materialised, and per asset that failed the reason."""

    run_id: str
    domain: str
    parents: Mapping[dg.AssetKey, Set[dg.AssetKey]]
    materialised: set[dg.AssetKey] = field(default_factory=set)
    failures: dict[dg.AssetKey, tuple[str, ...]] = field(default_factory=dict)
    refused: set[dg.AssetKey] = field(default_factory=set)
    ended: str = ""
    interrupted: bool = False

    def reasons(self, key: dg.AssetKey) -> tuple[str, ...]:
        """Why ``key`` was not materialised: its own failure, else those of what it is made from."""
        if key in self.failures:
            return self.failures[key]
        found: dict[str, None] = {}
        seen, queue = {key}, [key]
        while queue:
            for parent in sorted(self.parents.get(queue.pop(), frozenset()) - seen):
                seen.add(parent)
                if parent in self.failures:
                    found |= dict.fromkeys(self.failures[parent])
                else:
                    queue.append(parent)
        return tuple(found) or ((self.ended,) if self.ended else ("it was not run",))


def execute(
    settings: Settings,
    definitions: dg.Definitions,
    domain: str,
    addresses: Iterable[Address],
    *,
    instance: dg.DagsterInstance,
    on_event: OnEvent,
) -> Execution:
    """Materialise the products and, before them, what the domain makes them from; returns when it has ended.

    Never raises for a step that fails. An interrupt ends the run in the instance and is raised as
    KeyboardInterrupt, with every connection and lock given back.
    """
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    parents = {key: frozenset(graph.get(key).parent_keys) for key in graph.materializable_asset_keys}
    selected = needed(parents, {product_key(address) for address in addresses})
    job = repository.get_job(IMPLICIT_ASSET_JOB_NAME).get_subset(asset_selection=selected)
    plan = create_execution_plan(job, run_config=_QUIET)
    run = instance.create_run_for_job(
        job,
        execution_plan=plan,
        run_config=_QUIET,
        # Whoever stops this run wants it stopped: the daemon must not try it again.
        tags={**tags(domain), PROCESS_TAG: f"{host()}.{os.getpid()}", MAX_RETRIES_TAG: "0"},
        asset_selection=selected,
        remote_job_origin=_origin(domain),
    )
    execution = Execution(run.run_id, domain, parents)
    steps = _assets_by_step(plan)
    with span(settings, f"run {domain}", {"mesh.domain": domain, "dagster.run_id": run.run_id}) as traced:
        try:
            with closing(execute_run_iterator(InMemoryJob(job), run, instance)) as events:
                for event in events:
                    _follow(execution, event, steps, on_event)
        finally:
            # A step that was interrupted still holds its slot of the engine's pool.
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        if execution.ended:
            traced.fail("interrupted" if execution.interrupted else "failed")
    if execution.interrupted:
        raise KeyboardInterrupt
    return execution


def needed(parents: Mapping[dg.AssetKey, Set[dg.AssetKey]], targets: Set[dg.AssetKey]) -> frozenset[dg.AssetKey]:
    """The targets and all that the domain makes them from; another product is left as it is published."""
    found, queue = set(targets), list(targets)
    while queue:
        for parent in parents.get(queue.pop(), ()):
            if parent in parents and parent not in found and parent.path[1] in {"dbt", "input"}:
                found.add(parent)
                queue.append(parent)
    return frozenset(found)


def host() -> str:
    """This machine's name, as a tag may hold it."""
    return tag_value(socket.gethostname()).replace(".", "_")


def _origin(domain: str) -> RemoteJobOrigin:
    """The origin that the domain's code location would give the run."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=LOCATIONS_MODULE, attribute=domain)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(loadable_target_origin=target, location_name=domain)
    repository = RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME)
    return RemoteJobOrigin(repository, IMPLICIT_ASSET_JOB_NAME)


def _assets_by_step(plan: ExecutionPlan) -> dict[str, set[dg.AssetKey]]:
    return {
        step.key: {output.properties.asset_key for output in step.step_outputs if output.properties.asset_key}
        for step in plan.get_all_steps_in_topo_order()
    }


def _follow(
    execution: Execution, event: dg.DagsterEvent, steps: Mapping[str, Set[dg.AssetKey]], on_event: OnEvent
) -> None:
    kind, domain = event.event_type, execution.domain
    if kind is dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key is not None:
        execution.materialised.add(event.asset_key)
        on_event(_materialised(domain, event))
    elif kind is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        if not evaluation.passed:
            text = f"{evaluation.check_name} ({evaluation.severity.value.lower()})"
            on_event(Progress("check", domain, ".".join(evaluation.asset_key.path), text))
    elif kind is dg.DagsterEventType.STEP_FAILURE:
        failed = steps.get(event.step_key or "", set()) - execution.materialised
        reasons, refused = _reasons(event)
        execution.failures |= dict.fromkeys(failed, reasons)
        execution.refused |= failed if refused else set()
        subject = ".".join(next(iter(failed)).path) if len(failed) == 1 else event.step_key or ""
        on_event(Progress("refused" if refused else "failed", domain, subject, "; ".join(reasons)))
    elif kind is dg.DagsterEventType.ENGINE_EVENT and (event.message or "").startswith(
        "Step blocked by limit for pool"
    ):
        on_event(Progress("waiting", domain, event.step_key or "", f"another run uses {pool(domain)}"))
    elif kind is dg.DagsterEventType.RUN_FAILURE:
        execution.ended = event.message or ""
        reason = event.job_failure_data.failure_reason
        execution.interrupted = reason is RunFailureReason.UNEXPECTED_TERMINATION


def _materialised(domain: str, event: dg.DagsterEvent) -> Progress:
    path = event.asset_key.path
    metadata: Mapping[str, Any] = event.step_materialization_data.materialization.metadata
    rows = metadata.get("dagster/row_count") or metadata.get("mesh/rows_landed")
    text = f"{rows.value} rows" if rows is not None else ""
    kinds: dict[str, Kind] = {"dbt": "model", "input": "input"}
    return Progress(kinds.get(path[1], "published"), domain, ".".join(path), text)


def _reasons(event: dg.DagsterEvent) -> tuple[tuple[str, ...], bool]:
    """What the step said when it failed, and whether it was the refusal of a product."""
    data = event.step_failure_data
    if data.user_failure_data is not None:
        refusal = data.user_failure_data.metadata.get(REFUSED)
        if refusal is not None:
            return tuple(refusal.data), True
    return (failure_text(event),), False
