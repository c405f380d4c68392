"""Spans where something takes time; without OpenTelemetry's settings they cost nothing and import nothing.

An error is told by its type alone: its text may quote values that nobody outside may see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry.export import carried, is_on, parent_of, trace_id_of, tracer

if TYPE_CHECKING:
    from opentelemetry.trace import Span as Recorded
    from opentelemetry.trace import Tracer

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]
Kind = Literal["internal", "server"]


class Span:
    """A stretch of work; without a recorded span behind it, what is said of it is dropped."""

    def __init__(self, recorded: Recorded | None = None, tracer: Tracer | None = None) -> None:
        self._recorded, self._tracer = recorded, tracer

    @property
    def is_recorded(self) -> bool:
        """Whether anybody hears of it, so that it is worth finding out what to say."""
        return self._recorded is not None

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

    def past(self, name: str, start: datetime, end: datetime, attributes: Attributes, *, failure: str = "") -> None:
        """Add a span below this one for work that is over, with its own times."""
        if self._recorded is None or self._tracer is None:
            return
        from opentelemetry.trace import set_span_in_context

        begun, ended = (round(moment.timestamp() * 1e9) for moment in (start, end))
        below = self._tracer.start_span(
            name, context=set_span_in_context(self._recorded), attributes=dict(attributes), start_time=begun
        )
        if failure:
            Span(below).fail(failure)
        below.end(ended)


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
    if not is_on(settings):
        yield _NOTHING
        return
    from opentelemetry.trace import SpanKind

    ours = tracer(settings)
    with (
        trace_id_of(run),
        ours.start_as_current_span(
            name,
            context=parent_of(settings, run=run, caller=caller),
            kind=SpanKind.SERVER if kind == "server" else SpanKind.INTERNAL,
            attributes=dict(attributes or {}),
            record_exception=False,
            set_status_on_exception=False,
        ) as recorded,
    ):
        made = Span(recorded, ours)
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
    return carried() if is_on(settings) else {}
