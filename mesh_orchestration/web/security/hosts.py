"""Requests that a page of another site made somebody's browser send are refused.

A name that another site points at this machine (DNS rebinding) is not one of ours: an address as such, ``localhost``,
the name in MESH_SERVE_URL and those of MESH_ALLOWED_HOSTS are. A request that changes something must come from our own
page, or from no browser at all.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.errors import refusal

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class OurHostsOnly:
    """Answers 421 to a Host that is not ours, 403 to a change that another site asks for."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        public = urlsplit(public_url(settings)).hostname or "localhost"
        self.names = frozenset([public, *settings.get("MESH_ALLOWED_HOSTS").lower().replace(",", " ").split()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.is_ours(host):
            said = f"this service is not called {host[:80]!r}; name it in MESH_ALLOWED_HOSTS if it should be"
            await refusal(421, said)(scope, receive, send)
        elif scope["method"] not in SAFE and from_elsewhere(headers):
            await refusal(403, "another site's page may change nothing here")(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def is_ours(self, host: str) -> bool:
        """Whether ``host``, with or without a port, is a name that this service goes by."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return name == "localhost" or name in self.names or _is_address(name)


def public_url(settings: Settings) -> str:
    """The address at which browsers find this service, without a slash at its end, as MESH_SERVE_URL says; empty where
    it says nothing. Raises SettingsError."""
    said = settings.get("MESH_SERVE_URL").rstrip("/")
    try:
        parts = urlsplit(said)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if said and not is_one:
        raise SettingsError(f"MESH_SERVE_URL={said!r} is no address; give one such as https://mesh.example.org")
    return said


def from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another origin made this request."""
    site = headers.get("sec-fetch-site")
    if site:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
