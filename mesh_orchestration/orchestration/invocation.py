"""A dbt call for the selection of one Dagster step, in this process or as a subprocess."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import DBT_INDIRECT_SELECTION_ENV, get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dagster_dbt.core.dbt_cli_invocation import DbtCliInvocation
from packaging.version import Version

from mesh_orchestration.orchestration import dbt
from mesh_orchestration.orchestration.discretion import clean
from mesh_orchestration.orchestration.project import Project
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import subprocess_environment


@dataclass
class InProcessCall:
    """Stands where dagster-dbt keeps its subprocess; dbt runs when its messages are asked for."""

    args: list[str]
    settings: Settings
    project: Project
    target: Path
    environ: dict[str, str]
    stdout: None = None
    outcome: dbt.Outcome | None = None

    @property
    def returncode(self) -> int | None:
        return self.outcome.code if self.outcome else None

    def run(self) -> Iterator[dict[str, Any]]:
        """What dbt said, the first time; nothing after that."""
        if self.outcome is None:
            self.outcome = dbt.invoke(
                self.settings, self.project, self.args[1:], target=self.target, environ=self.environ
            )
            yield from self.outcome.messages

    def wait(self, timeout: float | None = None) -> int:
        del timeout
        list(self.run())
        return self.returncode or 0


@dataclass
class DiscreetInvocation(DbtCliInvocation):  # type: ignore[misc]  # dagster-dbt is not type-checked here
    """dagster-dbt's invocation of a subprocess that handles personal data: what dbt says quotes no values."""

    def _stream_stdout(self) -> Iterator[Any]:
        for raw in super()._stream_stdout():
            self._error_messages[:] = clean(self._error_messages)
            yield clean(raw)


@dataclass
class InProcessInvocation(DbtCliInvocation):  # type: ignore[misc]  # dagster-dbt is not type-checked here
    """dagster-dbt's invocation whose dbt runs in this process; everything else is inherited."""

    process: InProcessCall = field()

    def stream_raw_events(self) -> Iterator[DbtCoreCliEventMessage]:
        """The result messages; the text of all messages went to standard output while dbt ran."""
        for raw in self._stream_stdout():
            yield DbtCoreCliEventMessage(raw_event=raw, event_history_metadata={})
        self._raise_on_error()

    def _stream_stdout(self) -> Iterator[dict[str, Any]]:
        try:
            yield from self.process.run()
        except KeyboardInterrupt as interrupt:
            raise DagsterExecutionInterruptedError from interrupt
        if self.process.outcome and self.process.outcome.error:
            self._error_messages[:] = [self.process.outcome.error]


def call(
    settings: Settings,
    project: Project,
    args: Sequence[str],
    *,
    context: dg.AssetExecutionContext,
    target: Path,
) -> DbtCliInvocation:
    """dbt with ``args`` on what the step selected, writing to ``target``; nothing runs before it is streamed
    in this process, whereas a subprocess starts at once."""
    params = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=DagsterDbtTranslator()
    )
    environ = {DBT_INDIRECT_SELECTION_ENV: params.indirect_selection} if params.indirect_selection else {}
    command = [*args, *params.selection_args]
    common = {
        "manifest": params.manifest,
        "dagster_dbt_translator": params.dagster_dbt_translator,
        "project_dir": project.directory,
        "target_path": target,
        "raise_on_error": True,
        "context": context,
        "adapter": None,
        "cli_version": Version(dbt.dbt_version()),
    }
    if dbt.mode(settings) == "subprocess":
        full = [_program(), *dbt.global_flags(project, target), *command, *dbt.command_flags(project, target)]
        env = {
            **os.environ,
            **dbt.environment(settings, project),
            **environ,
            **subprocess_environment(settings),
            "DBT_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }
        kind = DiscreetInvocation if project.discreet else DbtCliInvocation
        return kind.run(args=full, env=env, **common)
    process = InProcessCall(["dbt", *command], settings, project, target, environ)
    return InProcessInvocation(process=process, **common)


def _program() -> str:
    """The dbt program that was installed beside this Python; the PATH may hold another one."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.is_file() else "dbt"
