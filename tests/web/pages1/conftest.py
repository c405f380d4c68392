"""The service of a small mesh, started once for all tests of these pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mesh_orchestration.settings import Settings
from tests.web.pages1.site import site_at
from tests.web.service import service


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the mesh that the service shows."""
    return site_at(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def site(shown: Settings) -> Iterator[str]:
    """The address of the service."""
    with service(shown) as url:
        yield url
