"""Pages: the one Jinja environment, what every template may use, and the navigation.

A route module with a page in the navigation says so itself: ``NAV = Entry("SLA", "/sla", 60, "a")``.
A template extends ``base.html`` (blocks: title, head, main) and is shown with ``render(request, name, …)``.
Everything is escaped; a filter that returns Markup has escaped what it was given.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mesh_orchestration.incidents.wording import headline
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import charts, wording
from mesh_orchestration.web.markdown import markdown
from mesh_orchestration.web.security.csrf import csrf_token

HERE = Path(__file__).parent
THEMES = ("light", "dark")
DAGSTER = "http://127.0.0.1:3000"


class Entry(NamedTuple):
    """One entry of the navigation: its place in the order, and the key that opens it after ``g``."""

    label: str
    href: str
    place: int
    key: str = ""


def render(request: Request, template: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
    """The page ``template`` with ``values``; it also sees request, nav, theme, now and the root of Dagster."""
    settings: Settings = request.app.state.settings
    theme = request.cookies.get("theme", "")
    page = environment().get_template(template)
    seen = {
        "request": request,
        "nav": navigation(),
        "theme": theme if theme in THEMES else "",
        "now": settings.now(),
        "dagster": settings.get("MESH_URL", DAGSTER).rstrip("/"),
        "csrf_token": csrf_token(request),
    }
    return HTMLResponse(page.render(seen | values), status_code=status_code)


def is_fragment(request: Request) -> bool:
    """Whether a script of the page asks, which wants only the part that changes."""
    return request.headers.get("x-part") == "main"


@cache
def environment() -> Environment:
    """The Jinja environment: escapes everything, and an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= wording.FILTERS | {"markdown": markdown, "web_link": web_link, "headline": headline}
    made.globals |= {"static": static, "charts": charts}
    return made


@cache
def navigation() -> tuple[Entry, ...]:
    """The entries of the route modules that have one, in their order."""
    from mesh_orchestration.web import routes

    modules = (import_module(f"{routes.__name__}.{found.name}") for found in iter_modules(routes.__path__))
    entries = (getattr(module, "NAV", None) for module in modules)
    return tuple(sorted((entry for entry in entries if entry), key=lambda entry: entry.place))


@cache
def static(name: str) -> str:
    """The address of a static file, with a mark of its content so that browsers may keep it."""
    mark = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={mark}"


def web_link(address: str | None) -> str:
    """``address`` if it is one of http, https or mailto, else nothing: no ``javascript:`` from a contract."""
    try:
        scheme = urlsplit((address or "").strip()).scheme.lower()
    except ValueError:
        return ""
    return (address or "").strip() if scheme in ("http", "https", "mailto") else ""
