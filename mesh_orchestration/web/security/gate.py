"""The gate: whoever asks is somebody, or is told how to become somebody.

Without MESH_AUTH this machine may read and write without a token, and nobody else may do anything without one.
``MESH_AUTH=token`` demands a token of everybody; ``MESH_AUTH=oidc`` takes the tokens of an identity provider too, and
with MESH_OIDC_CLIENT_ID people sign in there.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mesh_orchestration.catalog import sessions, tokens
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.governance.reader import local_reader
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.errors import refusal, wants_page
from mesh_orchestration.web.pages import render
from mesh_orchestration.web.security.callers import Caller
from mesh_orchestration.web.security.code_flow import Client, CodeFlow
from mesh_orchestration.web.security.discovery import ProviderError
from mesh_orchestration.web.security.hosts import public_url
from mesh_orchestration.web.security.oidc import Provider, Refusal, Verifier, scopes
from mesh_orchestration.web.security.rates import Rates, is_local, peer, too_often
from mesh_orchestration.web.security.roles import Roles

MODES = ("", "token", "oidc")
SESSION = "mesh_session"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
START, CALLBACK = f"{SIGN_IN}/start", f"{SIGN_IN}/callback"
_OPEN = ("/health", "/static/", SIGN_IN, SIGN_OUT)
_SCOPE = "mesh:"
_NEEDED = "a token is needed: Authorization: Bearer …"


class Ended(Exception):
    """A session that is over."""


class Gate:
    """Recognises callers by ``Authorization: Bearer`` or by the session that ``/sign-in`` began. ``flow`` is how people
    sign in at the provider, None where they have to show a token; ``public`` the address of this service, if told."""

    def __init__(self, settings: Settings, rates: Rates) -> None:
        self.settings, self.rates = settings, rates
        self.mode = settings.get("MESH_AUTH").lower()
        if self.mode not in MODES:
            raise SettingsError(
                f"MESH_AUTH={self.mode!r} is not one of token, oidc; unset it to serve this machine only"
            )
        self.public, self.roles = public_url(settings), Roles(settings.root)
        self.verifier = Verifier(Provider.of(settings)) if self.mode == "oidc" else None
        client = Client.of(settings) if self.verifier else None
        self.flow = CodeFlow(client, self.verifier) if client and self.verifier else None

    def recognise(self, catalog: Catalog, credential: str) -> Caller:
        """The caller whose credential this is; raises Refusal for one that does not count, StorageError and
        ProviderError when it cannot be told."""
        if credential.startswith(tokens.PREFIX):
            with catalog.reading() as conn:
                found = tokens.check(conn, credential, now=self.settings.now())
            if found is None:
                raise Refusal("it is unknown, expired or revoked")
            return Caller(found.name, found.role, frozenset(found.rights))
        if self.verifier is None:
            raise Refusal("it is no token of this service; make one with: mesh token create NAME --role ROLE")
        return self.of_claims(self.verifier, self.verifier.claims(credential))

    def of_session(self, catalog: Catalog, cookie: str) -> Caller:
        """The caller whose session this is; raises Ended for one that is over, and as ``recognise``."""
        if not cookie.startswith(sessions.PREFIX):
            return self.recognise(catalog, cookie)
        with catalog.reading() as conn:
            found = sessions.find(conn, cookie) if self.flow else None
        if found is None:
            raise Refusal("it is no session of this service")
        if not found.counts(self.settings.now()):
            raise Ended
        return Caller(found.who, found.role, frozenset(found.rights))

    def of_claims(self, verifier: Verifier, claims: Mapping[str, Any]) -> Caller:
        """The caller of whom the provider says this."""
        rights = {one.removeprefix(_SCOPE) for one in scopes(claims) if one.startswith(_SCOPE)}
        who = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        role = verifier.role(claims, self.roles.known())
        return Caller(str(who), role, frozenset(rights & set(tokens.RIGHTS)))

    def on_this_machine(self) -> Caller:
        """Whoever sits at this machine, where nothing else is demanded."""
        said = local_reader(self.settings)
        return Caller(said.who, said.role, frozenset(tokens.RIGHTS), said.purpose)


class Gated:
    """Lets requests through with ``request.state.caller`` set; answers 401 to the others: browsers with the page
    to sign in, or one that leads there when they sent a form."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = await self._stopped(scope)
        await (answer or self.app)(scope, receive, send)

    async def _stopped(self, scope: Scope) -> ASGIApp | None:
        """The answer to a request that goes no further; else the caller is known."""
        headers, address = Headers(scope=scope), peer(scope)
        shown, session = _bearer(headers), _session(headers)
        free = not self.gate.mode and is_local(address)
        state = scope.setdefault("state", {})
        if scope["path"].startswith(_OPEN) or not (shown or session):
            if free:
                state["caller"] = self.gate.on_this_machine()
            elif not scope["path"].startswith(_OPEN):
                return self._unknown(scope, headers, _NEEDED)
            return None
        if wait := self.gate.rates.locked(address):
            return too_often(wait)
        try:
            recognise = self.gate.recognise if shown else self.gate.of_session
            state["caller"] = await to_thread.run_sync(recognise, scope["app"].state.catalog, shown or session)
        except Ended:
            return self._unknown(scope, headers, "the session is over; sign in again")
        except Refusal as error:
            if free and not shown:
                state["caller"] = self.gate.on_this_machine()  # of an old session that nobody needs any more
                return None
            self.gate.rates.failed(address)
            return self._unknown(scope, headers, f"the token does not count: {error}")
        except ProviderError as error:
            return refusal(503, str(error), {"Retry-After": "10"})
        return None

    def _unknown(self, scope: Scope, headers: Headers, message: str) -> ASGIApp:
        demanded = {"WWW-Authenticate": 'Bearer realm="mesh"'}
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse(self._sign_in(scope["path"] + query), 303)
        if not wants_page(request := Request(scope)):
            return refusal(401, message, demanded)
        why = "your session has ended" if message == _NEEDED else message  # its cookie ends with it
        values = {"message": why, "sign_in": self._sign_in(_came_from(headers))}
        page = render(request, "session_over.html", status_code=401, **values)
        page.headers.update(demanded)
        return page

    def _sign_in(self, back: str) -> str:
        """Where somebody signs in who is then to be at ``back``."""
        return f"{START if self.gate.flow else SIGN_IN}?next={quote(back, safe='')}"


def _came_from(headers: Headers) -> str:
    """The page of ours on which a form was, the home page when the browser does not say."""
    try:
        page = urlsplit(headers.get("referer", ""))
    except ValueError:
        return "/"
    ours = page.netloc == headers.get("host")
    return (page.path or "/") + (f"?{page.query}" if page.query else "") if ours else "/"


def _bearer(headers: Headers) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _session(headers: Headers) -> str:
    try:
        session = SimpleCookie(headers.get("cookie", "")).get(SESSION)
    except CookieError:
        return ""
    return session.value if session else ""
