"""The application: settings, the open catalog, and every router of ``routes/``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import routes

HERE = Path(__file__).parent


def create_app(settings: Settings) -> FastAPI:
    """The service of one mesh. Raises StorageError at start when the catalog cannot be used."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_catalog(settings) as catalog:
            app.state.catalog = catalog
            yield

    app = FastAPI(title="The mesh", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.settings = settings
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for module in sorted(module.name for module in iter_modules(routes.__path__)):
        app.include_router(import_module(f"{routes.__name__}.{module}").router)
    return app
