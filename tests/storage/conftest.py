"""An open lake below ``tmp_path``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    """A lake on SQLite and local files."""
    with open_lake(settings) as lake:
        yield lake
