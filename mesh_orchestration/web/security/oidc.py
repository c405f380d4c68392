"""Tokens of an identity provider: JWTs whose keys the provider publishes (OpenID Connect, RFC 7517, RFC 9068).

A signature is checked with an asymmetric algorithm only; issuer, audience, end and subject must be there and right.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import jwt

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.security.asking import ask, is_safe
from mesh_orchestration.web.security.discovery import Discovery, ProviderError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 30  # seconds that clocks may differ


class Refusal(Exception):
    """A token that does not count, and why."""


@dataclass(frozen=True)
class Provider:
    """Whose tokens count, for whom they must be, where the keys are (empty: the provider says so itself)."""

    issuer: str
    audience: str
    keys_url: str
    role_claim: str

    @classmethod
    def of(cls, settings: Settings) -> Provider:
        """The provider of the settings; raises SettingsError when one is missing or not safe."""
        found = cls(
            settings.get("MESH_OIDC_ISSUER"),
            settings.get("MESH_OIDC_AUDIENCE") or settings.get("MESH_OIDC_CLIENT_ID"),
            settings.get("MESH_OIDC_JWKS_URL"),
            settings.get("MESH_OIDC_ROLE_CLAIM", "role"),
        )
        for name, value in (("MESH_OIDC_ISSUER", found.issuer), ("MESH_OIDC_AUDIENCE", found.audience)):
            if not value:
                raise SettingsError(f"MESH_AUTH=oidc needs {name}; give the value that the tokens have")
        for name, url in (("MESH_OIDC_ISSUER", found.issuer), ("MESH_OIDC_JWKS_URL", found.keys_url)):
            if url and not is_safe(url):
                raise SettingsError(f"{name}={url!r} is not https; keys that come in the clear prove nothing")
        return found


class Verifier:
    """Checks tokens against the provider's keys, which are asked for again when they are ``fresh`` seconds old or one
    is unknown, but not within ``pause`` seconds: unknown keys are anybody's to name."""

    def __init__(self, provider: Provider, *, fresh: float = 300.0, pause: float = 10.0) -> None:
        self.provider, self._fresh, self._pause = provider, fresh, pause
        self.discovery = Discovery(provider.issuer, fresh=fresh)
        self._lock = Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read = self._tried = -1e9
        self._error = ""

    def claims(self, token: str) -> Mapping[str, Any]:
        """What a token for this service says; raises Refusal when it does not count, ProviderError when no key can be
        had."""
        return self._claims(token, audience=self.provider.audience, pause=self._pause)

    def claims_of_id(self, token: str, *, client: str) -> Mapping[str, Any]:
        """What an ID token for ``client`` says, which the provider itself has just given; raises as ``claims``."""
        found = self._claims(token, audience=client, pause=0.0)
        if found.get("azp", client) != client:
            raise Refusal(f"it was given to {found['azp']!r}")
        return found

    def role(self, claims: Mapping[str, Any], known: Collection[str] = ()) -> str:
        """The role that the claim of the settings names (``a.b`` looks into ``a``); of a list the first that is
        ``known``, else the first."""
        value: Any = claims.get(self.provider.role_claim)
        if value is None:
            value = claims
            for part in self.provider.role_claim.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        words = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        return next((one for one in words if one in known), next(iter(words), ""))

    def _claims(self, token: str, *, audience: str, pause: float) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise Refusal(f"it is signed by {algorithm}, which does not count")
            found: Mapping[str, Any] = jwt.decode(
                token,
                self._key(str(header.get("kid") or ""), pause),
                algorithms=[algorithm],
                audience=audience,
                issuer=self.provider.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            raise Refusal(f"{error}; if it is new, the clocks here and at the provider are not the same") from None
        except jwt.PyJWTError as error:
            raise Refusal(str(error)) from None
        return found

    def _key(self, kid: str, pause: float) -> jwt.PyJWK:
        with self._lock:
            now = time.monotonic()
            if (kid not in self._keys or now - self._read > self._fresh) and now - self._tried > pause:
                self._tried = now
                self._refresh(now)
            if not self._keys:
                raise ProviderError(f"the keys of {self.provider.issuer} cannot be read: {self._error}")
            if kid not in self._keys:
                raise Refusal("its key is not among the provider's")
            return self._keys[kid]

    def _refresh(self, now: float) -> None:
        """Read the keys; a provider that is away takes nothing from keys that are known."""
        try:
            url = self.provider.keys_url or self.discovery.read().address("jwks_uri")
            found = jwt.PyJWKSet.from_dict(ask(url))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ProviderError, jwt.PyJWTError) as error:
            self._error = str(error)
            return
        self._keys = {key.key_id or "": key for key in found.keys if key.public_key_use in (None, "sig")}
        self._read = now


def scopes(claims: Mapping[str, Any]) -> list[str]:
    """The scopes that ``scope`` or ``scp`` names, as a text or a list."""
    said = claims.get("scope", claims.get("scp", ""))
    return said.split() if isinstance(said, str) else [str(one) for one in said] if isinstance(said, list) else []
