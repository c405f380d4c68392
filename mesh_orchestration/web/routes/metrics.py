"""``GET /metrics``: the mesh as Prometheus reads it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mesh_orchestration.monitoring.text import CONTENT_TYPE, text
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.measuring import Collector

router = APIRouter()


@router.get("/metrics")
def metrics(request: Request, settings: CurrentSettings, catalog: CurrentCatalog) -> Response:
    """Every metric as text; a store that cannot be read is told by ``mesh_source_up``."""
    meters = request.app.state.meters
    body = meters.held(lambda: text(Collector(settings, catalog, meters.registry).collect()))
    return Response(body, headers={"Content-Type": CONTENT_TYPE})
