"""What the service knows when nothing else runs."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.builders import mesh_at, product
from tests.server.mesh_process import eventually
from tests.web.service import service


@pytest.mark.slow
def test_a_service_without_a_daemon_knows_the_products(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    with service(settings) as url:
        eventually(lambda: httpx.get(f"{url}/v1/products", timeout=20).json().get("total") == 1)
