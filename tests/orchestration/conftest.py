"""The small mesh of shop.py, parsed once, and an instance to run it in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.manifest import ensure_manifest
from mesh_orchestration.settings import Settings
from tests.builders import settings_at
from tests.orchestration.shop import MODELS, shop_at


@pytest.fixture(scope="session")
def parsed_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose dbt projects are parsed; to be copied, not used."""
    settings = shop_at(tmp_path_factory.mktemp("shop"))
    for domain in MODELS:
        ensure_manifest(settings, domain)
    return settings.root


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
