"""The application: settings, the open catalog, who is let in, and every router of ``routes/``."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import routes
from mesh_orchestration.web.errors import add_error_answers
from mesh_orchestration.web.inbox import Inbox
from mesh_orchestration.web.metering import Metering, Meters
from mesh_orchestration.web.names import EncodedNames
from mesh_orchestration.web.security.bodies import LimitedBodies, most_of_lineage
from mesh_orchestration.web.security.gate import Gate, Gated
from mesh_orchestration.web.security.headers import SecurityHeaders
from mesh_orchestration.web.security.hosts import OurHostsOnly
from mesh_orchestration.web.security.rates import LimitedRates, Rates

HERE = Path(__file__).parent


Beside = Callable[[FastAPI], AbstractContextManager[object]]
"""What goes on beside the requests, from when the application has its catalog until it ends."""


def create_app(settings: Settings, *, beside: Beside = nullcontext) -> FastAPI:
    """The service of one mesh. Raises SettingsError for settings that cannot be; at start StorageError when the catalog
    cannot be used."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_catalog(settings) as catalog:
            app.state.catalog, app.state.inbox = catalog, Inbox(catalog)
            try:
                with beside(app):
                    yield
            finally:
                app.state.inbox.close()

    app = FastAPI(title="The mesh", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.settings = settings
    app.state.secret = settings.get("MESH_SECRET_KEY").encode() or secrets.token_bytes(32)
    app.state.meters = Meters(settings.integer("MESH_METRICS_SECONDS", 10))
    app.state.rates = Rates(settings)
    app.state.gate = Gate(settings, app.state.rates)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for module in sorted(module.name for module in iter_modules(routes.__path__)):
        app.include_router(import_module(f"{routes.__name__}.{module}").router)
    add_error_answers(app)
    _guard(app, settings)
    return app


def _guard(app: FastAPI, settings: Settings) -> None:
    """Put the guards before the routes; the last one added is asked first."""
    app.add_middleware(EncodedNames)
    app.add_middleware(LimitedBodies, lineage=most_of_lineage(settings))
    app.add_middleware(Gated, gate=app.state.gate)
    app.add_middleware(LimitedRates, rates=app.state.rates)
    app.add_middleware(OurHostsOnly, settings=settings)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Metering, settings=settings, meters=app.state.meters)
