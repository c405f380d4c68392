"""Requests of the service go on in the trace of whoever asks."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.builders import mesh_at, product
from tests.telemetry.collector import collector
from tests.web.service import service

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.slow
def test_a_request_is_a_span_below_its_caller_named_by_its_route(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    with collector() as traces:
        with service(settings, **traces.environ) as url:
            httpx.get(f"{url}/api/v1/namespaces/secret-name", headers={"traceparent": CALLER}, timeout=30)
            httpx.get(f"{url}/no/such/secret-name", timeout=30)
            httpx.get(f"{url}/metrics", timeout=30)
        told = {span.name: span for span in traces.spans if span.name.startswith("GET")}
    assert set(told) == {"GET /api/v1/namespaces/{namespace}", "GET none"}
    asked, lost = told["GET /api/v1/namespaces/{namespace}"], told["GET none"]
    assert (asked.trace, asked.parent, asked.said["http.request.method"]) == (*CALLER.split("-")[1:3], "GET")
    assert (lost.parent, lost.said["http.response.status_code"]) == ("", 404)
    assert "secret-name" not in str(traces.spans)
