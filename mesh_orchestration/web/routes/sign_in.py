"""``/sign-in``: a browser shows its token once and keeps it as a session that no script can read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from mesh_orchestration.web.context import CurrentCatalog
from mesh_orchestration.web.pages import render
from mesh_orchestration.web.security.csrf import verified_form
from mesh_orchestration.web.security.gate import SESSION, SIGN_IN, Gate
from mesh_orchestration.web.security.headers import cookie
from mesh_orchestration.web.security.oidc import Refusal
from mesh_orchestration.web.security.rates import peer

router = APIRouter(include_in_schema=False)


@router.get(SIGN_IN)
def ask(request: Request, next: str = "/") -> Response:  # noqa: A002
    """The form."""
    return render(request, "sign_in.html", next=_inside(next), message="")


@router.post(SIGN_IN, dependencies=[Depends(verified_form)])
def sign_in(
    request: Request,
    catalog: CurrentCatalog,
    token: Annotated[str, Form(max_length=8192)],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Begin the session and go on to where the visitor wanted to be; the form again when the token does not count."""
    gate: Gate = request.app.state.gate
    address = peer(request.scope)
    if wait := gate.rates.locked(address):
        return _again(request, next, f"Too many tokens that do not count; try again in {wait} s.", 429)
    try:
        gate.recognise(catalog, token.strip())
    except Refusal as error:
        gate.rates.failed(address)
        return _again(request, next, f"This token does not count: {error}.", 403)
    answer = RedirectResponse(_inside(next), 303)
    answer.headers.append("Set-Cookie", cookie(SESSION, token.strip(), secure=request.url.scheme == "https"))
    return answer


@router.post("/sign-out", dependencies=[Depends(verified_form)])
def sign_out() -> Response:
    """End the session."""
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(SESSION, httponly=True, samesite="lax")
    return answer


def _again(request: Request, to: str, message: str, status: int) -> Response:
    return render(request, "sign_in.html", status_code=status, next=_inside(to), message=message)


def _inside(to: str) -> str:
    """``to`` when it is a page of ours, else the home page."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if plain else "/"
