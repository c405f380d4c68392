"""The service starts, answers and ends."""

from __future__ import annotations

import httpx
import pytest

from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.web.service import service


@pytest.mark.slow
def test_the_service_says_that_it_is_well(settings: Settings) -> None:
    (settings.root / "contracts").mkdir()
    with service(settings) as url:
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}


@pytest.mark.slow
def test_a_setting_that_cannot_be_is_refused_before_an_address_is_told(settings: Settings) -> None:
    (settings.root / "contracts").mkdir()
    answer = mesh(settings, "serve", "--port", "0", MESH_AUTH="tokens")
    assert (answer.code, answer.out) == (2, "")
    assert "MESH_AUTH='tokens' is not one of token, oidc" in answer.err
