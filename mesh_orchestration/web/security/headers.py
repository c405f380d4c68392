"""What a browser is told about every answer: run nothing but our own files, show it in no frame, guess no type."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mesh_orchestration.web.security import csrf

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "manifest-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip
"""The Content-Security-Policy of every answer: no script or style stands in a page itself."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def cookie(name: str, value: str, *, secure: bool, seconds: int | None = None) -> str:
    """A cookie for so many seconds, or for this browser session: no script reads it, links from elsewhere bring it,
    forms do not."""
    life = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{life}{'; Secure' if secure else ''}"


class SecurityHeaders:
    """Adds the headers to every answer; one that an answer sets itself stays. What may be somebody's own is kept by
    no cache that others share."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        keep = _keep(scope)
        state = scope.setdefault("state", {})

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", keep)
                if visitor := state.get(csrf.NEW_VISITOR):
                    headers.append("Set-Cookie", cookie(csrf.COOKIE, visitor, secure=scope["scheme"] == "https"))
            await send(message)

        await self.app(scope, receive, told)


def _keep(scope: Scope) -> str:
    """How long an answer may be kept: a file under the mark of its content for ever, nothing else unasked."""
    if not scope["path"].startswith("/static/"):
        return "private, no-cache"
    return "public, max-age=31536000, immutable" if scope["query_string"].startswith(b"v=") else "no-cache"
