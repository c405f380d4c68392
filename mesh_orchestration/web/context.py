"""What every route may ask for: ``CurrentSettings`` and ``CurrentCatalog`` as types of its parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.settings import Settings


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _catalog(request: Request) -> Catalog:
    found: Catalog = request.app.state.catalog
    return found


CurrentSettings = Annotated[Settings, Depends(_settings)]
CurrentCatalog = Annotated[Catalog, Depends(_catalog)]
