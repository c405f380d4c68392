"""A real Prometheus that scrapes a real service."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Prometheus:
    """A server that answers at ``url``."""

    url: str

    def get(self, path: str, **asked: str) -> Any:
        """The data of an answer of its API."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=asked, timeout=10).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """What a query finds now."""
        found: list[dict[str, Any]] = self.get("query", query=expr)["result"]
        return found

    def wait(self, expr: str) -> None:
        """Wait until a query finds something."""
        deadline = time.monotonic() + PATIENCE
        while not self.query(expr):
            assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {expr}"
            time.sleep(0.1)


@contextmanager
def prometheus(folder: Path, target: str, *rules: Path) -> Iterator[Prometheus]:
    """A server with its data in ``folder`` that scrapes ``target`` each second, until the block ends."""
    port = _free_port()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{"job_name": "mesh", "static_configs": [{"targets": [urlsplit(target).netloc]}]}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    words = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(["prometheus", *words], stdout=log, stderr=subprocess.STDOUT)
    try:
        _ready(process, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus.log")
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(15)


def _ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"Prometheus did not answer in {PATIENCE:.0f} s: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
