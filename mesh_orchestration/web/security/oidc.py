"""Tokens of an identity provider: JWTs whose keys the provider publishes (OpenID Connect, RFC 7517, RFC 9068).

A signature is checked with an asymmetric algorithm only; issuer, audience, end and subject must be there and right.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import jwt

from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_PATIENCE = 5.0  # seconds for an answer
_LEEWAY = 30  # seconds that clocks may differ
_MOST = 1024 * 1024


class ProviderError(MeshError):
    """The identity provider does not answer, so nobody can be recognised."""


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
            settings.get("MESH_OIDC_AUDIENCE"),
            settings.get("MESH_OIDC_JWKS_URL"),
            settings.get("MESH_OIDC_ROLE_CLAIM", "role"),
        )
        for name, value in (("MESH_OIDC_ISSUER", found.issuer), ("MESH_OIDC_AUDIENCE", found.audience)):
            if not value:
                raise SettingsError(f"MESH_AUTH=oidc needs {name}; give the value that the tokens have")
        for name, url in (("MESH_OIDC_ISSUER", found.issuer), ("MESH_OIDC_JWKS_URL", found.keys_url)):
            if url and not _safe(url):
                raise SettingsError(f"{name}={url!r} is not https; keys that come in the clear prove nothing")
        return found


class Verifier:
    """Checks tokens against the provider's keys, which are asked for again when they are ``fresh`` seconds old or one
    is unknown, but not within ``pause`` seconds: unknown keys are anybody's to name."""

    def __init__(self, provider: Provider, *, fresh: float = 300.0, pause: float = 10.0) -> None:
        self.provider, self._fresh, self._pause = provider, fresh, pause
        self._lock = Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read = self._tried = -1e9

    def claims(self, token: str) -> Mapping[str, Any]:
        """What the token says; raises Refusal when it does not count, ProviderError when no key can be had."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise Refusal(f"it is signed by {algorithm}, which does not count")
            found: Mapping[str, Any] = jwt.decode(
                token,
                self._key(str(header.get("kid") or "")),
                algorithms=[algorithm],
                audience=self.provider.audience,
                issuer=self.provider.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise Refusal(str(error)) from None
        return found

    def role(self, claims: Mapping[str, Any]) -> str:
        """The role that the claim of the settings names (``a.b`` looks into ``a``), the first of a list."""
        value: Any = claims
        for part in self.provider.role_claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, list):
            value = next((one for one in value if isinstance(one, str)), None)
        return value if isinstance(value, str) else ""

    def _key(self, kid: str) -> jwt.PyJWK:
        with self._lock:
            now = time.monotonic()
            known = kid in self._keys
            if (not known or now - self._read > self._fresh) and now - self._tried > self._pause:
                self._tried = now
                self._refresh(now, needed=not known)
            if kid not in self._keys:
                raise Refusal("its key is not among the provider's")
            return self._keys[kid]

    def _refresh(self, now: float, *, needed: bool) -> None:
        """Read the keys; a provider that is away takes nothing from keys that are known."""
        try:
            url = self.provider.keys_url or _discovered(self.provider.issuer)
            found = jwt.PyJWKSet.from_dict(_json(url))
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            if needed and not self._keys:
                raise ProviderError(f"the keys of {self.provider.issuer} cannot be read: {error}") from error
            return
        self._keys = {key.key_id or "": key for key in found.keys if key.public_key_use in (None, "sig")}
        self._read = now


def _discovered(issuer: str) -> str:
    """Where the provider's own description says that its keys are."""
    said = _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if said["issuer"] != issuer:
        raise ValueError(f"it calls itself {said['issuer']!r}")
    url = str(said["jwks_uri"])
    if not _safe(url):
        raise ValueError(f"{url!r} is not https")
    return url


def _safe(url: str) -> bool:
    """Whether nobody on the way can change what comes from ``url``."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))


def _json(url: str) -> Any:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
        return json.loads(answer.read(_MOST))
