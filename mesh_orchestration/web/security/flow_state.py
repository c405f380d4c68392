"""The state of a sign-in under way, which the provider carries and nobody but the same browser can bring back.

Nothing is kept here: the state says where the visitor wants to go and since when, under a key of this service and of
the visitor's cookie; nonce and PKCE verifier follow from it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from mesh_orchestration.web.security.oidc import Refusal

LIFE = 600  # seconds
_LONGEST = 1500  # characters of a page's address; providers refuse long ones


@dataclass(frozen=True)
class FlowState:
    """``text`` is the state; ``to`` the page to go on to."""

    text: str
    to: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier at first (RFC 7636, S256)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def begin(key: bytes, visitor: str, to: str, *, now: datetime) -> FlowState:
    """A new state of ``visitor``."""
    short = to if len(to) <= _LONGEST else "/"
    body = _text(json.dumps([int(now.timestamp()), secrets.token_urlsafe(16), short]).encode())
    return _of(key, visitor, f"{body}.{_derived(key, 'state', visitor, body)}", short)


def resume(key: bytes, visitor: str, text: str, *, now: datetime) -> FlowState:
    """The state that came back as ``text``; raises Refusal unless ``visitor`` took it along, and not long ago."""
    body, _, mark = text.partition(".")
    expected = _derived(key, "state", visitor, body)
    if not visitor or not hmac.compare_digest(mark.encode(), expected.encode()):
        raise Refusal("it was not begun in this browser, or the catalog was started anew meanwhile")
    began, _, to = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if not 0 <= now.timestamp() - began + 1 <= LIFE:
        raise Refusal(f"it took longer than {LIFE // 60} minutes")
    return _of(key, visitor, text, to)


def _of(key: bytes, visitor: str, text: str, to: str) -> FlowState:
    return FlowState(text, to, _derived(key, "nonce", visitor, text), _derived(key, "verifier", visitor, text))


def _derived(key: bytes, kind: str, visitor: str, text: str) -> str:
    return _text(hmac.digest(key, f"{kind}:{visitor}:{text}".encode(), "sha256"))


def _text(some: bytes) -> str:
    return base64.urlsafe_b64encode(some).rstrip(b"=").decode()
