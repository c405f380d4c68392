"""Asking the identity provider: JSON over https, or over http on this machine, and never where it is less safe."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from email.message import Message
from http.client import HTTPException
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

_PATIENCE = 5.0  # seconds for an answer
_MOST = 1024 * 1024


def is_safe(url: str) -> bool:
    """Whether nobody on the way can change what comes from ``url``."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))


def ask(url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON at ``url``, or its answer to ``form``; raises OSError (HTTPError for a status of 300 or more) and
    ValueError."""
    body = None if form is None else urlencode(form).encode()
    said = {"Accept": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, said)  # noqa: S310 (is_safe where it is read)
    try:
        with _OPENER.open(request, timeout=_PATIENCE) as answer:
            return json.loads(answer.read(_MOST))
    except HTTPException as error:
        raise OSError(f"it does not speak HTTP: {error!r}") from error


class _Careful(urllib.request.HTTPRedirectHandler):
    """Takes no form, which may hold a secret, to another place, and no question to one that is not safe."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if req.data is not None or not is_safe(newurl):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


_OPENER = urllib.request.build_opener(_Careful)
