"""A real receiver of lineage: an HTTP server on a socket that keeps what it gets in a file.

It answers OpenLineage's two endpoints, one event and batches. Like any receiver of at-least-once messages it keeps
an event by its id: the run and its state.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

Event = dict[str, Any]


class Receiver:
    """``status`` and ``answer`` are what it answers (an event is kept below 300 only) after ``delay`` seconds. It
    kills the process ``victim`` when it has kept ``fatal`` events, before it answers the last of them."""

    def __init__(self, file: Path, *, port: int = 0) -> None:
        self.file, self.status, self.delay, self.requests = file, 200, 0.0, 0
        self.victim, self.fatal = 0, 0
        self.answer: dict[str, Any] = {}
        self._lock, self.port = Lock(), port
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listen, on the port it had before when it was started before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Close the socket: whoever comes is refused."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def received(self) -> list[Event]:
        """Everything that was kept, in order of arrival."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    @property
    def ids(self) -> list[tuple[str, str]]:
        """The id of each event that was kept, in order of arrival."""
        return [event_id(event) for event in self.received]

    def keep(self, body: bytes) -> None:
        found = json.loads(body)
        events = found if isinstance(found, list) else [found]
        with self._lock, self.file.open("a") as file:
            file.writelines(f"{json.dumps(event)}\n" for event in events)
        if self.victim and len(self.received) >= self.fatal:
            victim, self.victim = self.victim, 0
            os.kill(victim, signal.SIGKILL)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                time.sleep(receiver.delay)
                known = self.path in {"/api/v1/lineage", "/api/v1/lineage/batch"}
                status = receiver.status if known else 404
                if status < 300:
                    receiver.keep(body)
                self.send_response(status)
                said = json.dumps(receiver.answer).encode()
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def event_id(event: Event) -> tuple[str, str]:
    """What makes an event the same event when it comes again."""
    return event["run"]["runId"], event["eventType"]


@contextmanager
def receiver(folder: Path) -> Iterator[Receiver]:
    made = Receiver(folder / "received.ndjson")
    made.start()
    try:
        yield made
    finally:
        made.stop()
