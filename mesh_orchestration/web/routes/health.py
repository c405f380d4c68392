"""``GET /health``: whether the service can answer."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text

from mesh_orchestration.web.context import CurrentCatalog

router = APIRouter()


@router.get("/health")
def health(catalog: CurrentCatalog) -> dict[str, str]:
    """``{"status": "ok"}`` when the catalog answers."""
    with catalog.reading() as connection:
        connection.execute(text("select 1"))
    return {"status": "ok"}
