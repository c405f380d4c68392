from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.catalog.store import Catalog, open_catalog
from tests.builders import settings_at


@pytest.fixture(scope="session")
def empty_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a catalog that was opened once."""
    settings = settings_at(tmp_path_factory.mktemp("empty"))
    open_catalog(settings).close()
    return Catalog.place.path(settings)


@pytest.fixture
def catalog(tmp_path: Path, empty_catalog: Path) -> Iterator[Catalog]:
    """An empty catalog in a file."""
    settings = settings_at(tmp_path)
    Catalog.place.path(settings).parent.mkdir(parents=True)
    shutil.copy(empty_catalog, Catalog.place.path(settings))
    with open_catalog(settings) as found:
        yield found
