"""The gate: whoever asks is somebody, or is told how to become somebody.

Without MESH_AUTH this machine may read and write without a token, and nobody else may do anything without one.
``MESH_AUTH=token`` demands a token of everybody; ``MESH_AUTH=oidc`` takes the tokens of an identity provider too.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mesh_orchestration.catalog import tokens
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.governance.reader import local_reader
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.errors import refusal
from mesh_orchestration.web.security.callers import Caller
from mesh_orchestration.web.security.oidc import Provider, ProviderError, Refusal, Verifier
from mesh_orchestration.web.security.rates import Rates, is_local, peer, too_often

MODES = ("", "token", "oidc")
SESSION = "mesh_session"
SIGN_IN = "/sign-in"
_OPEN = ("/health", "/static/", SIGN_IN)
_SCOPE = "mesh:"


class Gate:
    """Recognises callers by ``Authorization: Bearer`` or by the session that ``/sign-in`` began."""

    def __init__(self, settings: Settings, rates: Rates) -> None:
        self.settings, self.rates = settings, rates
        self.mode = settings.get("MESH_AUTH").lower()
        if self.mode not in MODES:
            raise SettingsError(
                f"MESH_AUTH={self.mode!r} is not one of token, oidc; unset it to serve this machine only"
            )
        self.verifier = Verifier(Provider.of(settings)) if self.mode == "oidc" else None

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
        return self._of_provider(self.verifier, credential)

    def _of_provider(self, verifier: Verifier, credential: str) -> Caller:
        claims = verifier.claims(credential)
        said = claims.get("scope", claims.get("scp", ""))
        scopes = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
        rights = {str(one).removeprefix(_SCOPE) for one in scopes if str(one).startswith(_SCOPE)}
        who = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        return Caller(str(who), verifier.role(claims), frozenset(rights & set(tokens.RIGHTS)))

    def on_this_machine(self) -> Caller:
        """Whoever sits at this machine, where nothing else is demanded."""
        said = local_reader(self.settings)
        return Caller(said.who, said.role, frozenset(tokens.RIGHTS), said.purpose, signed_in=False)


class Gated:
    """Lets requests through with ``request.state.caller`` set; answers 401 to the others, and browsers with the page
    to sign in."""

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
                return _unknown(scope, headers, "a token is needed: Authorization: Bearer …")
            return None
        if wait := self.gate.rates.locked(address):
            return too_often(wait)
        try:
            catalog = scope["app"].state.catalog
            state["caller"] = await to_thread.run_sync(self.gate.recognise, catalog, shown or session)
        except Refusal as error:
            if free and not shown:
                state["caller"] = self.gate.on_this_machine()  # of an old session that nobody needs any more
                return None
            self.gate.rates.failed(address)
            return _unknown(scope, headers, f"the token does not count: {error}")
        except ProviderError as error:
            return refusal(503, str(error), {"Retry-After": "10"})
        return None


def _bearer(headers: Headers) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _session(headers: Headers) -> str:
    try:
        session = SimpleCookie(headers.get("cookie", "")).get(SESSION)
    except CookieError:
        return ""
    return session.value if session else ""


def _unknown(scope: Scope, headers: Headers, message: str) -> ASGIApp:
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        return RedirectResponse(f"{SIGN_IN}?next={quote(scope['path'] + query, safe='')}", 303)
    return refusal(401, message, {"WWW-Authenticate": 'Bearer realm="mesh"'})
