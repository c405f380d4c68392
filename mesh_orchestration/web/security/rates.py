"""Nobody gets more than their share of the service: so many requests a minute for each address.

The machine itself is not held back. Attempts to sign in that fail are counted on their own, for every address.
"""

from __future__ import annotations

import math
import time
from ipaddress import ip_address

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.errors import refusal
from mesh_orchestration.web.security.bodies import LINEAGE

FREE = ("/health", "/static/")
_FAILURES = parse("20/minute")


class Rates:
    """The counters of one service."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = _limit(settings, "MESH_RATE_LIMIT", "3000/minute")
        self._lineage = _limit(settings, "MESH_LINEAGE_RATE_LIMIT", "60000/minute")

    def wait(self, address: str, path: str) -> int:
        """Seconds until ``address`` may ask for ``path``; 0, and the request is counted, when it may now."""
        kind, limit = ("lineage", self._lineage) if path.startswith(LINEAGE) else ("requests", self._requests)
        return 0 if self._limiter.hit(limit, kind, address) else self._until(limit, kind, address)

    def failed(self, address: str) -> None:
        """Count a credential of ``address`` that was not taken."""
        self._limiter.hit(_FAILURES, "failures", address)

    def locked(self, address: str) -> int:
        """Seconds until a credential of ``address`` is looked at again."""
        return 0 if self._limiter.test(_FAILURES, "failures", address) else self._until(_FAILURES, "failures", address)

    def _until(self, limit: RateLimitItem, kind: str, address: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(limit, kind, address).reset_time - time.time()))


class LimitedRates:
    """Answers 429 with Retry-After to an address that asks too often."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self.app, self.rates = app, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_local(address := peer(scope)) and not scope["path"].startswith(FREE):
            wait = self.rates.wait(address, scope["path"])
            if wait:
                await too_often(wait)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def too_often(wait: int) -> ASGIApp:
    """The answer to who must wait so many seconds."""
    return refusal(429, f"too many requests; come back in {wait} s", {"Retry-After": str(wait)})


def peer(scope: Scope) -> str:
    """The address of whoever asks, behind a proxy on this machine too; empty on a Unix socket."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def is_local(address: str) -> bool:
    """Whether ``address`` is this machine."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _limit(settings: Settings, name: str, default: str) -> RateLimitItem:
    text = settings.get(name, default)
    try:
        return parse(text)
    except ValueError:
        raise SettingsError(f"{name}={text!r} is no rate; unset it or give e.g. {name}={default}") from None
