"""The service starts, answers and ends."""

from __future__ import annotations

import httpx
import pytest

from mesh_orchestration.settings import Settings
from tests.web.service import service


@pytest.mark.slow
def test_the_service_says_that_it_is_well(settings: Settings) -> None:
    (settings.root / "contracts").mkdir()
    with service(settings) as url:
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}
