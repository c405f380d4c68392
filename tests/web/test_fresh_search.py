"""What others tell is found by search soon after, with nothing running but the service."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.builders import mesh_at, product
from tests.catalog.lineage.told import dataset, event
from tests.postgres import PostgresDatabase
from tests.server.mesh_process import eventually
from tests.web.service import service


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_is_sent_to_the_service_is_found_while_it_runs(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    where: PostgresDatabase | None = request.getfixturevalue("postgres") if database == "postgresql" else None
    settings = mesh_at(tmp_path, product(), **({"MESH_CATALOG_URL": where.url} if where else {}))
    columns = {"fields": [{"name": "loyalty_number", "type": "text"}]}
    with service(settings) as url, httpx.Client(base_url=url, timeout=20) as client:

        def found(words: str) -> bool:
            answer = client.get("/search/instant", params={"q": words})
            return answer.status_code == 200 and f"%3A{words}" in answer.text

        def told(job: str, written: str) -> None:
            sent = event(job, writes=[dataset(written, schema=columns)])
            assert client.post("/api/v1/lineage", json=sent).status_code == 201

        told("nightly", "contacts")
        eventually(lambda: found("contacts"))
        told("hourly", "returns")
        eventually(lambda: found("hourly"))
        assert found("returns")
        assert "contacts" in client.get("/search", params={"q": "loyalty_number"}).text
