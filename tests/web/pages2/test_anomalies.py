"""The page of anomalies: what is unusual, why, and each series with the band that was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from mesh_orchestration.settings import Settings
from mesh_orchestration.web.app import create_app
from tests.anomalies.test_look import FEW, KEY, ORDERS, at, look, publish
from tests.builders import mesh_at


@pytest.fixture
def odd(tmp_path: Path) -> Settings:
    """A product whose sixth publication has half the rows."""
    settings = mesh_at(tmp_path, ORDERS, **FEW)
    for hour in range(6):
        publish(settings, hour, 100 if hour < 5 else 50)
    look(settings, 5.1)
    return at(settings, 5.2)


@pytest.mark.slow
def test_the_page_tells_what_is_unusual_and_draws_what_was_expected(odd: Settings) -> None:
    with TestClient(create_app(odd), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        whole = client.get("/anomalies").text
        assert f'<a href="/anomalies?address={KEY}">{KEY}</a>' in whole
        assert "rows: 50, expected 95 to 105 (5 publications); usual is 100, 50% fewer" in whole

        one = client.get("/anomalies", params={"address": KEY}).text
        assert 'class="band"' in one
        assert 'class="dot warn"' in one
        assert "rows that fail contract__unique__order_id" in one  # never moved: a row of the table
        assert client.get("/anomalies", params={"address": "a.b.v1"}).status_code == 404


def test_a_mesh_without_history_says_how_it_begins(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, ORDERS)
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        page = client.get("/anomalies").text
    assert "Nothing is watched yet" in page
