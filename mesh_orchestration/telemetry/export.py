"""Where spans go: OpenTelemetry's SDK with its OTLP/HTTP exporter, set up by the standard ``OTEL_*`` settings.

A collector that is slow or down never holds up the work: spans wait in the SDK's bounded queue, which a thread
empties, and are dropped when it is full.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import UUID

from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

_LOG = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"
_NAME = "mesh"
_trace_id: ContextVar[int | None] = ContextVar("trace_id", default=None)
_providers: dict[int, TracerProvider] = {}


def is_on(settings: Settings) -> bool:
    """Whether traces are wanted: an OTLP endpoint is set, or OTEL_TRACES_EXPORTER says ``otlp`` or ``console``."""
    if settings.get("OTEL_SDK_DISABLED").lower() == "true":
        return False
    exporter = settings.get("OTEL_TRACES_EXPORTER").lower()
    if exporter:
        return exporter in {"otlp", "console"}
    return any(settings.get(name) for name in _ENDPOINTS)


def tracer(settings: Settings) -> Tracer:
    """The tracer of this process; a process that was forked gets its own."""
    process = os.getpid()
    if process not in _providers:
        _providers.clear()
        _providers[process] = _provider(settings)
    return _providers[process].get_tracer(_NAME)


def flush() -> None:
    """Send what waits, for a process that a signal ends before its last words."""
    for provider in _providers.values():
        provider.force_flush()


def _provider(settings: Settings) -> TracerProvider:
    from multiprocessing.util import Finalize

    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class RunIds(RandomIdGenerator):
        """Random ids, but the trace of a Dagster run has the id of the run."""

        def generate_trace_id(self) -> int:
            return _trace_id.get() or super().generate_trace_id()

    named = settings.get("OTEL_SERVICE_NAME") or f"{SERVICE_NAME}=" in settings.get("OTEL_RESOURCE_ATTRIBUTES")
    resource = Resource.create({} if named else {SERVICE_NAME: _NAME})
    provider = TracerProvider(resource=resource, id_generator=RunIds(), shutdown_on_exit=False)
    exporter: SpanExporter
    if settings.get("OTEL_TRACES_EXPORTER").lower() == "console":
        import sys

        exporter = ConsoleSpanExporter(out=sys.stderr)
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        _warn_of_protocol(settings)
        exporter = OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    # Unlike what ``atexit`` knows, this also runs at the end of a process that was forked for a run.
    Finalize(None, provider.shutdown, exitpriority=10)
    return provider


def _warn_of_protocol(settings: Settings) -> None:
    asked = next((found for name in _PROTOCOLS if (found := settings.get(name))), _PROTOCOL)
    if asked != _PROTOCOL:
        _LOG.warning("OTEL_EXPORTER_OTLP_PROTOCOL=%s is not spoken here, traces are sent as %s", asked, _PROTOCOL)


@contextmanager
def trace_id_of(run: str) -> Iterator[None]:
    """A trace that begins in the block has the id of the Dagster run, a UUID; any id when ``run`` is empty."""
    token = _trace_id.set(UUID(run).int if run else None)
    try:
        yield
    finally:
        _trace_id.reset(token)


def parent_of(settings: Settings, *, run: str, caller: Mapping[str, str] | None) -> Context | None:
    """The context to begin a span in: None for the one that is going on, or for a trace of its own."""
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if trace.get_current_span().get_span_context().is_valid:
        return None
    if caller is not None:
        return TraceContextTextMapPropagator().extract(caller)
    if run or not (parent := settings.get("TRACEPARENT")):
        return None
    return TraceContextTextMapPropagator().extract(
        {"traceparent": parent, "tracestate": settings.get("TRACESTATE")},
    )


def carried() -> dict[str, str]:
    """The context of the span that is going on, as environment variables."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return {name.upper(): value for name, value in carrier.items()}
