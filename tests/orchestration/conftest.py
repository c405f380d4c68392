"""A small mesh of the test's own, and an instance to run it in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.settings import Settings
from tests.builders import settings_at


@pytest.fixture
def shop(parsed_shop: Path, tmp_path: Path) -> Settings:
    """A shop of the test's own."""
    root = tmp_path / "shop"
    shutil.copytree(parsed_shop, root)
    return settings_at(root)


@pytest.fixture
def instance(shop: Settings) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of the shop, on SQLite under its home."""
    with open_instance(shop) as instance:
        yield instance
