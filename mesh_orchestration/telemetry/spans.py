"""Spans where something takes time; without OpenTelemetry's settings they cost nothing and import nothing.

An error is told by its type alone: its text may quote values that nobody outside may see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.trace import Span as Recorded

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]
Kind = Literal["internal", "server"]


class Span:
    """A stretch of work; without a recorded span behind it, what is said of it is dropped."""

    def __init__(self, recorded: Recorded | None = None) -> None:
        self._recorded = recorded

    def say(self, attributes: Attributes) -> None:
        """Add attributes."""
        if self._recorded is not None:
            self._recorded.set_attributes(attributes)

    def call(self, name: str) -> None:
        """Give the span the name that is only known now."""
        if self._recorded is not None:
            self._recorded.update_name(name)

    def fail(self, why: str) -> None:
        """Mark the work as failed; ``why`` is a word of our own, never a message."""
        if self._recorded is not None:
            from opentelemetry.trace import Status, StatusCode

            self._recorded.set_status(Status(StatusCode.ERROR, why))


_NOTHING = Span()


@contextmanager
def span(
    settings: Settings,
    name: str,
    attributes: Attributes | None = None,
    *,
    run: str = "",
    caller: Mapping[str, str] | None = None,
    kind: Kind = "internal",
) -> Iterator[Span]:
    """A span around the block, below the one that is going on.

    Where none is going on it is below ``caller`` (the W3C headers of a request), or begins the trace of the Dagster
    ``run``, whose id is the trace's; with neither, it is below TRACEPARENT of the environment or begins a trace.
    """
    from mesh_orchestration.telemetry.export import is_on

    if not is_on(settings):
        yield _NOTHING
        return
    from opentelemetry.trace import SpanKind

    from mesh_orchestration.telemetry.export import parent_of, trace_id_of, tracer

    with (
        trace_id_of(run),
        tracer(settings).start_as_current_span(
            name,
            context=parent_of(settings, run=run, caller=caller),
            kind=SpanKind.SERVER if kind == "server" else SpanKind.INTERNAL,
            attributes=dict(attributes or {}),
            record_exception=False,
            set_status_on_exception=False,
        ) as recorded,
    ):
        made = Span(recorded)
        try:
            yield made
        except BaseException as error:
            made.fail(type(error).__name__)
            raise


class Stages:
    """Hears the name of each stage as it begins and makes a span of it; a context manager, so that the last one
    ends. ``also`` hears the names too."""

    def __init__(self, settings: Settings, also: Callable[[Any], None]) -> None:
        self._settings, self._also, self._open = settings, also, ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._open.__exit__(*exception)

    def __call__(self, stage: str) -> None:
        self._also(stage)
        self._open.close()
        if stage != "done":
            self._open.enter_context(span(self._settings, stage))


def subprocess_environment(settings: Settings) -> dict[str, str]:
    """TRACEPARENT (and TRACESTATE) for a subprocess of the span that is going on; empty when there is none."""
    from mesh_orchestration.telemetry.export import carried, is_on

    return carried() if is_on(settings) else {}
