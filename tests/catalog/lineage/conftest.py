from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.settings import Settings


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog in a file."""
    with open_catalog(Settings(root=tmp_path, home=tmp_path / ".mesh")) as found:
        yield found
