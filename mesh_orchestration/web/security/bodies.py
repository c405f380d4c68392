"""No body is larger than its route needs, and none grows beyond that when it is unpacked."""

from __future__ import annotations

import zlib

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mesh_orchestration.settings import Settings
from mesh_orchestration.web.errors import refusal

LINEAGE = "/api/v1/lineage"
MOST = 1024 * 1024
"""Bytes of any body but lineage's: a contract, a form."""


class TooLarge(Exception):
    """A body that is larger than it may be."""


def most_of_lineage(settings: Settings) -> int:
    """Bytes of the largest batch of lineage; raises SettingsError."""
    return settings.integer("MESH_LINEAGE_MEGABYTES", 32) * 1024 * 1024


class LimitedBodies:
    """Unpacks gzip bodies; answers 413 to one that is too large, 415 to a packing it does not know, and 400 to one
    that cannot be unpacked."""

    def __init__(self, app: ASGIApp, lineage: int) -> None:
        self.app, self.lineage = app, lineage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        packing = headers.get("content-encoding", "identity").lower()
        if packing not in ("identity", "gzip", "deflate"):
            await refusal(415, f"Content-Encoding {packing[:40]!r} is not known; send gzip")(scope, receive, send)
            return
        most = self.lineage if scope["path"].startswith(LINEAGE) else MOST
        try:
            body = await _read(receive, most, packing, declared=headers.get("content-length", ""))
        except TooLarge:
            await refusal(413, f"the body is larger than {most} bytes; send less at once")(scope, receive, send)
        except ClientDisconnect:
            return  # half of what was said may well mean something else
        except zlib.error as error:
            await refusal(400, f"the body cannot be unpacked: {error}")(scope, receive, send)
        else:
            if packing != "identity":
                scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _OF_PACKING]
            await self.app(scope, _given(body, receive), send)


_OF_PACKING = (b"content-encoding", b"content-length")


async def _read(receive: Receive, most: int, packing: str, *, declared: str) -> bytes:
    """The whole body, unpacked; raises TooLarge as soon as it is over ``most`` bytes, packed or not."""
    if declared.isdigit() and int(declared) > most:
        raise TooLarge
    # 32 + 15: gzip or zlib, whichever the first bytes say
    unpack = None if packing == "identity" else zlib.decompressobj(32 + zlib.MAX_WBITS)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        more = message.get("more_body", False)
        if unpack is not None:
            part = unpack.decompress(part, most - size + 1)
        size += len(part)
        if size > most:
            raise TooLarge
        parts.append(part)
    if unpack is not None and not unpack.eof:
        raise zlib.error("it ends too early")
    return b"".join(parts)


def _given(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands over ``body``, and then what the server says."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give
