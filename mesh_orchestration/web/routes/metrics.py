"""``GET /metrics``: the mesh as Prometheus reads it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from prometheus_client.exposition import choose_encoder

from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.measuring import Collector

router = APIRouter()


@router.get("/metrics")
def metrics(
    request: Request, settings: CurrentSettings, catalog: CurrentCatalog, accept: Annotated[str, Header()] = ""
) -> Response:
    """Every metric, as text or OpenMetrics; a store that cannot be read is told by ``mesh_source_up``."""
    encode, content_type = choose_encoder(accept)
    meters = request.app.state.meters
    body = meters.held(content_type, lambda: encode(Collector(settings, catalog, meters.registry)))
    return Response(body, media_type=content_type)
