"""One mesh with something to see, and one visitor of its pages, for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mesh_orchestration.settings import Settings
from tests.web.api.client import Visitor, visitor
from tests.web.pages2.seen import seen_at


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the mesh; tests only read it."""
    return seen_at(tmp_path_factory.mktemp("seen"))


@pytest.fixture(scope="session")
def pages(seen: Settings) -> Iterator[Visitor]:
    """Somebody who reads its pages."""
    with visitor(seen) as client:
        client.headers["Accept"] = "text/html"
        yield client
