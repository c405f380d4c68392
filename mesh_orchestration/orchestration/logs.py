"""Where the output of steps goes: a file that the UI shows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, Self

from dagster import Field
from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData

_OUTPUT: ContextVar[IO[str] | None] = ContextVar("step_output", default=None)


def speaker() -> Callable[[str], None]:
    """What writes a line to the output of the step that runs now; to standard output outside of any."""
    output = _OUTPUT.get()

    def say(line: str) -> None:
        (output or sys.stdout).write(f"{line}\n")

    return say


class StepLogs(LocalComputeLogManager):  # type: ignore[misc]  # dagster is not type-checked here
    """Files under ``base_dir``, without the four helper processes Dagster starts a run to copy them
    to a terminal that nobody watches.

    ``whole_process: false`` leaves standard output alone and keeps only what a ``speaker`` gets, for runs
    inside a process that talks to a person.
    """

    def __init__(self, base_dir: str, *, whole_process: bool = True, inst_data: ConfigurableClassData | None = None):
        super().__init__(base_dir, inst_data=inst_data)
        self._whole_process = whole_process

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        return {"base_dir": str, "whole_process": Field(bool, is_required=False, default_value=True)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(config_value["base_dir"], whole_process=config_value["whole_process"], inst_data=inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Generator[CapturedLogContext]:
        out, err = (Path(self.get_captured_local_path(log_key, kind)) for kind in ("out", "err"))
        out.parent.mkdir(parents=True, exist_ok=True)
        err.touch()
        if self._whole_process:
            with redirect_to_file(sys.stdout, str(out)), redirect_to_file(sys.stderr, str(err)):
                yield CapturedLogContext(log_key)
        else:
            with out.open("a", encoding="utf-8", buffering=1) as file:
                token = _OUTPUT.set(file)
                try:
                    yield CapturedLogContext(log_key)
                finally:
                    _OUTPUT.reset(token)
        Path(self.complete_artifact_path(log_key)).touch()
