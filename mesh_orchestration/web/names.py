"""Names with slashes in paths: ``/namespaces/s3%3A%2F%2Fbucket/datasets/a%2Fb`` has two names, not five."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import HTTPException, Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/api/v1/"
_MOST = 2048


class EncodedNames:
    """Leaves the paths of Marquez's API as they were sent, so that a slash within a name ends no part of the path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if scope["type"] == "http" and raw and scope["path"].startswith(_PREFIX):
            scope["path"] = raw.decode("ascii", "replace")
        await self.app(scope, receive, send)


def _decoded(text: str) -> str:
    try:
        name = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise HTTPException(400, "a name in the path is no UTF-8") from None
    if "\0" in name or len(name) > _MOST:
        raise HTTPException(400, f"a name in the path is over {_MOST} characters, or holds a zero")
    return name


EncodedName = Annotated[str, Path(), AfterValidator(_decoded)]
"""A name in such a path, as it is without the encoding."""
