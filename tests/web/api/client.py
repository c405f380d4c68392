"""Somebody who asks the service, without a process of its own: the real application behind httpx."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from starlette.testclient import TestClient

from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.app import create_app

HERE, ELSEWHERE = "127.0.0.1", "203.0.113.7"


class Visitor(TestClient):
    """A browser or a program; it keeps cookies."""

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of the form on a page."""
        page = self.get(path, headers={"Accept": "text/html"}).text
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


@contextmanager
def visitor(settings: Settings, *, at: str = HERE) -> Iterator[Visitor]:
    """Somebody at the address ``at`` who asks a service of the mesh of ``settings``."""
    lay(settings)
    with Visitor(create_app(settings), base_url="http://127.0.0.1:5000", client=(at, 50_000)) as client:
        yield client


def lay(settings: Settings) -> Settings:
    """The same settings, with an empty catalog in place: making its tables takes longer than most tests."""
    file = Catalog.place.path(settings)
    if not settings.get("MESH_CATALOG_URL") and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_empty())
    return settings


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(root=Path(folder), home=Path(folder))
        open_catalog(settings).close()
        return Catalog.place.path(settings).read_bytes()
