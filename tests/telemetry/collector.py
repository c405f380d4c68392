"""A collector of traces on this machine: it takes OTLP over HTTP, decodes the protobuf and keeps the spans."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Seen:
    """One span as it arrived; ids in hex, ``parent`` empty for the first of a trace, times in nanoseconds."""

    name: str
    trace: str
    id: str
    parent: str
    service: str
    failure: str
    start: int
    end: int
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Collector:
    """What came in, and where to send it."""

    endpoint: str
    spans: list[Seen] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint}

    def one(self, name: str) -> Seen:
        """The only span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def path(self, span: Seen) -> tuple[str, ...]:
        """The names from the first span of its trace down to ``span``."""
        above = [one for one in self.spans if one.id == span.parent and one.trace == span.trace]
        return (*(self.path(above[0]) if above else ()), span.name)


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector that listens until the block ends."""
    found = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                found.spans += _decoded(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            del args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.endpoint = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield found
        finally:
            server.shutdown()
            serving.join(10)


def _decoded(request: ExportTraceServiceRequest) -> Iterator[Seen]:
    for resource in request.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name", "")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Seen(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    service=service,
                    failure=span.status.message if span.status.code == 2 else "",
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    said=_attributes(span.attributes),
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None
