"""What the routes to sign in share: the page, the address they come back to, and where they may lead on to."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.web.pages import render
from mesh_orchestration.web.security.gate import SIGN_IN, SIGN_OUT, START, Gate
from mesh_orchestration.web.security.rates import is_local


def sign_in_page(request: Request, to: str, message: str = "", *, status: int = 200) -> HTMLResponse:
    """The page to sign in, which leads on to ``to``; ``message`` is why it is shown."""
    gate: Gate = request.app.state.gate
    to = inside(to)
    return render(
        request,
        "sign_in.html",
        status_code=status,
        next=to,
        message=message,
        provider=urlsplit(gate.flow.issuer).netloc if gate.flow else "",
        start=f"{START}?{urlencode({'next': to})}",
    )


def inside(to: str) -> str:
    """``to`` when it is a page of ours, else the home page."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if plain and not to.startswith((SIGN_IN, SIGN_OUT)) else "/"


def public_address(request: Request) -> str:
    """The address at which browsers find this service, without a slash at its end: what the settings say, else how
    a browser on this machine calls it, else nothing. No other Host is believed."""
    gate: Gate = request.app.state.gate
    if gate.public:
        return gate.public
    host = request.headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    return f"{request.url.scheme}://{host}" if name == "localhost" or is_local(name) else ""


def is_at(request: Request, public: str) -> bool:
    """Whether the browser asked for this service by its public address."""
    wanted = urlsplit(public)
    asked = urlsplit(f"{wanted.scheme}://{request.headers.get('host', '')}")
    usual = 443 if wanted.scheme == "https" else 80
    try:
        return (asked.hostname, asked.port or usual) == (wanted.hostname, wanted.port or usual)
    except ValueError:
        return False
