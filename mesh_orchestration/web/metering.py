"""What the service counts of its own requests, and the trace of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

from mesh_orchestration.monitoring.metrics import REQUEST_SECONDS, REQUESTS
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import flush, is_on, span

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED = ("/metrics", "/health", "/static/")


class Meters:
    """The counters of one service, and the registry that holds them; ``held`` keeps an answer for ``seconds``, so that
    several who ask at once make the work of one."""

    def __init__(self, hold: float) -> None:
        self._hold, self._lock = hold, threading.Lock()
        self._made, self._body = float("-inf"), b""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route")
        self.requests = Counter(REQUESTS, "Requests answered.", (*labels, "status"), registry=self.registry)
        self.seconds = Histogram(
            REQUEST_SECONDS, "How long requests took.", labels, buckets=_BUCKETS, registry=self.registry
        )

    def held(self, make: Callable[[], bytes]) -> bytes:
        """The answer, made anew when the one before is too old."""
        with self._lock:
            if time.monotonic() - self._made >= self._hold:
                self._body, self._made = make(), time.monotonic()
            return self._body


class Metering:
    """Counts each request by the route that answers it, never by its path: nobody outside can make new labels."""

    def __init__(self, app: ASGIApp, settings: Settings, meters: Meters) -> None:
        self._app, self._settings, self._meters, self._traces = app, settings, meters, is_on(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            flush()
        elif not self._traces or scope["path"].startswith(_UNTRACED):
            await self._count(scope, receive, send)
        else:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            with span(self._settings, scope["method"], caller=headers, kind="server") as traced:
                status = await self._count(scope, receive, send)
                traced.call(f"{scope['method']} {_route(scope)}")
                traced.say(
                    {
                        "http.request.method": scope["method"],
                        "http.route": _route(scope),
                        "http.response.status_code": status,
                    }
                )
                if status >= 500:
                    traced.fail(str(status))

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> int:
        status, begun = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._meters.requests.labels(method, _route(scope), str(status)).inc()
            self._meters.seconds.labels(method, _route(scope)).observe(time.perf_counter() - begun)
        return status


def _route(scope: Scope) -> str:
    """The route's own path, with names for what varies in it."""
    if scope["path"].startswith("/static/"):
        return "/static"
    return getattr(scope.get("route"), "path", "none")
