"""The small mesh of shop.py, parsed once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def parsed_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose dbt projects are parsed; to be copied, not used."""
    from mesh_orchestration.orchestration.manifest import ensure_manifest
    from tests.orchestration.shop import MODELS, shop_at

    settings = shop_at(tmp_path_factory.mktemp("shop"))
    for domain in MODELS:
        ensure_manifest(settings, domain)
    return settings.root
