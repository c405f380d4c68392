"""Open Policy Agent as a server: ``python -m tests.governance.opa_server`` prints its port and answers until it is
ended.

The engine is the real one, from its Go library; only the REST calls of the documented API that a client needs
are put around it: policies (list, put, delete), data (put, get with an input) and ``/health``. A Go runtime must
not be forked, so this is a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LIBRARY = "opa_bindings"
ABSENT = (
    "real OPA is not installed here, so nothing was compared with it; "
    "pip install --no-deps --ignore-requires-python opa-golib-python-bindings==0.4.4"
)
ROOT = Path(__file__).resolve().parents[2]


def installed() -> bool:
    """Whether the library with the real engine is there."""
    return find_spec(LIBRARY) is not None


class Refused(Exception):
    """What the engine would not take; answered with 400."""


class Opa:
    """The policies and data of the server; a change builds a new engine, which must accept all of them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.policies: dict[str, str] = {}
        self.data: dict[str, Any] = {}
        self._engine = self._built({}, {})

    def take(self, policies: dict[str, str], data: dict[str, Any]) -> None:
        engine = self._built(policies, data)
        self._engine.close()
        self.policies, self.data, self._engine = policies, data, engine

    def value(self, path: str, document: Any) -> dict[str, Any]:
        """``{"result": …}``, or nothing when the document is undefined."""
        from opa_bindings.engine import OpaUndefinedError

        try:
            return {"result": self._engine.eval_document(path, document)}
        except OpaUndefinedError:
            return {}

    def _built(self, policies: dict[str, str], data: dict[str, Any]) -> Any:
        from opa_bindings import OpaEngine
        from opa_bindings.engine import OpaError

        engine = OpaEngine()
        try:
            engine.add_data(data)
            for name, text in policies.items():
                engine.add_policy(name, text)
            engine.eval_query("true")
        except OpaError as error:
            engine.close()
            raise Refused(str(error)) from None
        return engine


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    opa: Opa
    token = ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name in the base class
        pass

    def do_GET(self) -> None:
        self._answered("GET")

    def do_PUT(self) -> None:
        self._answered("PUT")

    def do_POST(self) -> None:
        self._answered("POST")

    def do_DELETE(self) -> None:
        self._answered("DELETE")

    def _answered(self, verb: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.token and self.headers.get("Authorization") != f"Bearer {self.token}":
            return self._send(401, {"code": "unauthorized", "message": "request rejected by administrative policy"})
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        try:
            with self.opa.lock:
                status, answer = self._done(verb, parts, body)
        except Refused as error:
            status, answer = 400, {"code": "invalid_parameter", "message": str(error)}
        except Exception as error:
            status, answer = 500, {"code": "internal_error", "message": str(error)}
        return self._send(status, answer)

    def _done(self, verb: str, parts: list[str], body: bytes) -> tuple[int, dict[str, Any]]:
        policies, data = dict(self.opa.policies), dict(self.opa.data)
        match verb, parts:
            case "GET", ["v1", "policies"]:
                return 200, {"result": [{"id": name, "raw": text} for name, text in policies.items()]}
            case "PUT", ["v1", "policies", *name]:
                policies["/".join(name)] = body.decode()
                self.opa.take(policies, data)
                return 200, {}
            case "DELETE", ["v1", "policies", *name]:
                if policies.pop("/".join(name), None) is None:
                    return 404, {"code": "resource_not_found", "message": "no such policy"}
                self.opa.take(policies, data)
                return 200, {}
            case "PUT", ["v1", "data", name]:
                data[name] = json.loads(body)
                self.opa.take(policies, data)
                return 204, {}
            case "GET", ["v1", "data", *path]:
                return 200, self.opa.value(".".join(path), None)
            case "POST", ["v1", "data", *path]:
                return 200, self.opa.value(".".join(path), json.loads(body).get("input"))
        return 404, {"code": "not_found", "message": f"{verb} {self.path}"}

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        content = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(token: str = "") -> Iterator[str]:
    """Start the server in a process of its own; gives its URL and ends it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.governance.opa_server"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPA_TOKEN": token},
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate(timeout=30)


def main() -> None:
    handler = type("Served", (Handler,), {"opa": Opa(), "token": os.environ.get("OPA_TOKEN", "")})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
