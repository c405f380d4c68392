"""Forms that only our own pages can send.

A page takes ``CsrfToken`` and puts it into a hidden field called ``csrf`` (a script into the header
``X-CSRF-Token``); the route that receives the form depends on ``verified_form``. The token belongs to a cookie that
no script can read and no form of another site makes a browser send.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request

COOKIE, FIELD, HEADER = "mesh_csrf", "csrf", "x-csrf-token"
NEW_VISITOR = "csrf_visitor"
_VISITOR = re.compile(r"[A-Za-z0-9_-]{43}")
_STALE = "this form is no longer valid; load its page again and send it once more"


def csrf_token(request: Request) -> str:
    """The token of this visitor's forms."""
    return _sign(request, visitor(request))


CsrfToken = Annotated[str, Depends(csrf_token)]


async def verified_form(request: Request) -> None:
    """Raises 403 unless the form, or the header of a script's request, carries this visitor's token."""
    given = request.headers.get(HEADER) or (await request.form()).get(FIELD)
    who = known_visitor(request)
    expected = _sign(request, who) if who else ""
    if not isinstance(given, str) or not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, _STALE)


def visitor(request: Request) -> str:
    """What only this visitor's browser knows; the answer gives a visitor without a cookie one."""
    found = known_visitor(request) or getattr(request.state, NEW_VISITOR, "")
    if not found:
        found = secrets.token_urlsafe(32)
        setattr(request.state, NEW_VISITOR, found)
    return found


def known_visitor(request: Request) -> str:
    """The same, empty for a visitor without a cookie."""
    given = request.cookies.get(COOKIE, "")
    return given if _VISITOR.fullmatch(given) else ""


def _sign(request: Request, who: str) -> str:
    key: bytes = request.app.state.secret
    return hmac.new(key, f"csrf:{who}".encode(), hashlib.sha256).hexdigest()
