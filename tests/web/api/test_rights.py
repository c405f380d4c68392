"""No route changes anything for whoever asks: each takes a right, and each form the token of its visitor."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from mesh_orchestration.web import routes
from mesh_orchestration.web.security.callers import may
from mesh_orchestration.web.security.csrf import verified_form
from mesh_orchestration.web.security.hosts import SAFE
from tests.builders import mesh_at
from tests.web.service import service

OPEN = {"/sign-in", "/sign-out"}
RIGHT = may("lineage").__qualname__


def changing() -> Iterator[tuple[str, APIRoute]]:
    """Every route that may change something."""
    for module in iter_modules(routes.__path__):
        for route in import_module(f"{routes.__name__}.{module.name}").router.routes:
            if isinstance(route, APIRoute) and route.methods - SAFE:
                yield route.path, route


def asked_first(dependant: Dependant) -> Iterator[object]:
    """All that is called before the route itself."""
    for one in dependant.dependencies:
        yield one.call
        yield from asked_first(one)


def test_every_route_that_changes_something_takes_a_right() -> None:
    open_to_all = {
        path
        for path, route in changing()
        if RIGHT not in [getattr(call, "__qualname__", "") for call in asked_first(route.dependant)]
    }
    assert open_to_all == OPEN


def test_every_form_takes_the_token_of_its_visitor() -> None:
    unguarded = {
        path
        for path, route in changing()
        if not path.startswith(("/api/", "/v1/")) and verified_form not in asked_first(route.dependant)
    }
    assert unguarded == set()


@pytest.mark.slow
def test_whoever_comes_through_a_proxy_on_this_machine_is_not_this_machine(tmp_path: Path) -> None:
    with service(mesh_at(tmp_path)) as url:
        asked = [
            httpx.get(f"{url}/v1/products", headers=headers).status_code
            for headers in ({}, {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"})
        ]
    assert asked == [200, 401, 401]
