"""What an identity provider says of itself (OpenID Connect Discovery 1.0): where its keys, pages and tokens are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from mesh_orchestration.errors import MeshError
from mesh_orchestration.web.security.asking import ask, is_safe

_ADDRESSES = ("jwks_uri", "authorization_endpoint", "token_endpoint", "end_session_endpoint")


class ProviderError(MeshError):
    """The identity provider does not answer, so nobody can be recognised."""


@dataclass(frozen=True)
class Description:
    """Its addresses, by the names that the standard gives them, and how a client proves itself for a token."""

    issuer: str
    addresses: Mapping[str, str]
    basic: bool

    def address(self, name: str) -> str:
        """The address called ``name``; raises ProviderError when the provider has none."""
        if name not in self.addresses:
            raise ProviderError(f"the description of {self.issuer} has no {name}")
        return self.addresses[name]


class Discovery:
    """Reads the description again when it is ``fresh`` seconds old; one that cannot be read is tried again after
    ``pause`` seconds, and takes nothing from what is known."""

    def __init__(self, issuer: str, *, fresh: float = 300.0, pause: float = 1.0) -> None:
        self.issuer, self._fresh, self._pause = issuer, fresh, pause
        self._lock = Lock()
        self._known: Description | None = None
        self._read = self._tried = -1e9
        self._error = ""

    def read(self) -> Description:
        """The description; raises ProviderError when there is none."""
        with self._lock:
            now = time.monotonic()
            if now - self._read > self._fresh and now - self._tried > self._pause:
                self._refresh(now)
            if self._known is None:
                raise ProviderError(f"the description of {self.issuer} cannot be read: {self._error}")
            return self._known

    def _refresh(self, now: float) -> None:
        try:
            self._known = _description(self.issuer, ask(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"))
            self._read = now
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._error = str(error) or repr(error)
        self._tried = time.monotonic()


def _description(issuer: str, said: Mapping[str, Any]) -> Description:
    if said["issuer"] != issuer:
        raise ValueError(f"it calls itself {said['issuer']!r}")
    addresses = {name: str(said[name]) for name in _ADDRESSES if said.get(name)}
    for name, url in addresses.items():
        if not is_safe(url):
            raise ValueError(f"its {name} {url!r} is not https")
    ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Description(issuer, addresses, "client_secret_basic" in ways)
