"""Signing in at the identity provider: OpenID Connect's authorization code flow with PKCE (RFC 6749, RFC 7636).

The provider sends the browser back with a code; this service shows the code, its own credentials and the verifier for
an ID token, which must be for this client and for this very sign-in.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote_plus, urlencode, urlsplit

from anyio import CapacityLimiter, to_thread

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.security.asking import ask
from mesh_orchestration.web.security.discovery import Description, ProviderError
from mesh_orchestration.web.security.flow_state import FlowState
from mesh_orchestration.web.security.oidc import Refusal, Verifier, scopes

_AT_ONCE = 4
"""Sign-ins that may wait for the provider at the same time: one that is slow holds up nobody who is signed in."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Client:
    """What the provider knows this service as, what is asked of it, and for how long somebody is signed in."""

    id: str
    secret: str = field(repr=False)
    scopes: str
    seconds: int

    @classmethod
    def of(cls, settings: Settings) -> Client | None:
        """The client of the settings, None when they name none; raises SettingsError."""
        found = cls(
            settings.get("MESH_OIDC_CLIENT_ID"),
            settings.get("MESH_OIDC_CLIENT_SECRET"),
            settings.get("MESH_OIDC_SCOPES", "openid profile email"),
            settings.integer("MESH_OIDC_SESSION_MINUTES", 480) * 60,
        )
        if not found.id:
            return None
        if "openid" not in found.scopes.split():
            raise SettingsError(f"MESH_OIDC_SCOPES={found.scopes!r} lacks openid; nobody can be recognised without it")
        if found.seconds <= 0:
            raise SettingsError("MESH_OIDC_SESSION_MINUTES= must be 1 or more; unset it for 480")
        return found


@dataclass(frozen=True)
class Identity:
    """Who signed in, as the ID token says, and an access token for this service where it says more."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


class CodeFlow:
    """The sign-in of one client at the provider of ``verifier``."""

    def __init__(self, client: Client, verifier: Verifier) -> None:
        self.client, self.verifier = client, verifier
        self._limiter = CapacityLimiter(_AT_ONCE)

    @property
    def issuer(self) -> str:
        return self.verifier.provider.issuer

    async def apart(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``function`` returns, which may ask the provider, in a thread that others do not need."""
        return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._limiter)

    def begin(self, state: FlowState, *, back: str, anew: bool) -> str:
        """Where the browser goes to sign in and come ``back``, ``anew`` also when the provider knows it already;
        raises ProviderError."""
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": back,
            "scope": self.client.scopes,
            "state": state.text,
            "nonce": state.nonce,
            "code_challenge": state.challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login"} if anew else {}),
        }
        return _with(self.verifier.discovery.read().address("authorization_endpoint"), asked)

    def finish(self, code: str, state: FlowState, *, back: str) -> Identity:
        """Who the code is of; raises Refusal when the provider does not take it or its answer does not count,
        ProviderError when it does not answer."""
        said = self._exchange(code, state, back)
        id_token = said.get("id_token")
        if not isinstance(id_token, str):
            raise Refusal("the provider gave no ID token")
        claims = self.verifier.claims_of_id(id_token, client=self.client.id)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), state.nonce.encode()):
            raise Refusal("its nonce is not that of this sign-in")
        more = self._of_access_token(said.get("access_token"), claims["sub"])
        # What is not said was given as it was asked for: RFC 6749, 5.1.
        granted = said["scope"] if isinstance(said.get("scope"), str) else self.client.scopes
        return Identity({**more, **claims, "scope": " ".join([granted, *scopes(more)])}, id_token)

    def end(self, hint: str, *, back: str) -> str:
        """Where the browser goes to sign out at the provider too; empty where that has no such page."""
        try:
            url = self.verifier.discovery.read().address("end_session_endpoint")
        except ProviderError:
            return ""
        return _with(url, {"id_token_hint": hint, "client_id": self.client.id, "post_logout_redirect_uri": back})

    def _exchange(self, code: str, state: FlowState, back: str) -> Mapping[str, Any]:
        known = self.verifier.discovery.read()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": state.verifier,
        }
        proof, headers = self._proof(known)
        try:
            said = ask(known.address("token_endpoint"), form=form | proof, headers=headers)
        except HTTPError as error:
            raise self._refused(error) from None
        except (OSError, ValueError) as error:
            raise ProviderError(f"{self.issuer} gives no token: {error}") from error
        if not isinstance(said, Mapping):
            raise ProviderError(f"{self.issuer} gives no token: its answer is no object")
        return said

    def _proof(self, known: Description) -> tuple[dict[str, str], dict[str, str]]:
        """The fields and headers by which the provider knows this client (RFC 6749, 2.3.1)."""
        if not self.client.secret:
            return {"client_id": self.client.id}, {}
        if not known.basic:
            return {"client_id": self.client.id, "client_secret": self.client.secret}, {}
        pair = f"{quote_plus(self.client.id)}:{quote_plus(self.client.secret)}"
        return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _refused(self, error: HTTPError) -> Refusal | ProviderError:
        """What the provider's error means (RFC 6749, 5.2)."""
        try:
            said = json.loads(error.read(10_000))
            why = f"{said.get('error', error.code)}: {said.get('error_description', '')}".rstrip(": ")
        except (OSError, ValueError, AttributeError):
            why = f"HTTP {error.code}"
        if error.code == 401 or why.startswith(("invalid_client", "unauthorized_client")):
            return ProviderError(
                f"{self.issuer} does not take MESH_OIDC_CLIENT_ID={self.client.id!r} and its secret: {why}"
            )
        if not 400 <= error.code < 500 or error.code == 429:
            return ProviderError(f"{self.issuer} gives no token: {why}")
        return Refusal(f"the provider does not take the code: {why}")

    def _of_access_token(self, token: object, subject: object) -> Mapping[str, Any]:
        """What an access token says if it is for this service as well; most are not for others to read."""
        try:
            claims = self.verifier.claims(token) if isinstance(token, str) else {}
        except Refusal:
            return {}
        return claims if claims.get("sub") == subject else {}


def _with(url: str, asked: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked)}"
