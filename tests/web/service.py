"""The service as people start it: ``mesh serve`` in a process of its own, on a port that was free."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from mesh_orchestration.settings import Settings
from tests.cli.mesh import environment

PATIENCE = 60.0  # seconds, on a machine that does much else


@contextmanager
def service(settings: Settings, **environ: str) -> Iterator[str]:
    """The URL of a service of the mesh of ``settings``; it ends with the block. ``environ`` adds settings."""
    with serving(settings, **environ) as (url, _):
        yield url


@contextmanager
def serving(settings: Settings, **environ: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same, with its process."""
    settings.home.mkdir(parents=True, exist_ok=True)
    said = settings.home / "serve.log"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mesh_orchestration.cli", "serve", "--port", "0"],
            env=environment(settings, **environ),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _ready(process, said), process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)


def _ready(process: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the service ended with {process.returncode}: {said.read_text()}"
        url = next((line for line in said.read_text().splitlines() if line.startswith("http://")), "")
        if url and _healthy(url):
            return url
        time.sleep(0.05)
    raise AssertionError(f"the service did not answer in {PATIENCE:.0f} s: {said.read_text()}")


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
