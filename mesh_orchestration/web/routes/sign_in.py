"""``/sign-in``: a browser shows its token once, or goes to the identity provider, and keeps a session that no script
can read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from mesh_orchestration.catalog import sessions
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.web.context import CurrentCatalog
from mesh_orchestration.web.pages import render
from mesh_orchestration.web.security.csrf import verified_form
from mesh_orchestration.web.security.gate import SESSION, SIGN_IN, SIGN_OUT, Gate
from mesh_orchestration.web.security.headers import cookie
from mesh_orchestration.web.security.oidc import Refusal
from mesh_orchestration.web.security.rates import peer
from mesh_orchestration.web.sign_in_view import inside, public_address, sign_in_page

router = APIRouter(include_in_schema=False)


@router.get(SIGN_IN)
def ask(request: Request, next: str = "/") -> Response:  # noqa: A002
    """The form."""
    return sign_in_page(request, next)


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
        return sign_in_page(request, next, f"Too many tokens that do not count; try again in {wait} s.", status=429)
    try:
        gate.recognise(catalog, token.strip())
    except Refusal as error:
        gate.rates.failed(address)
        return sign_in_page(request, next, f"This token does not count: {error}.", status=403)
    answer = RedirectResponse(inside(next), 303)
    answer.headers.append("Set-Cookie", cookie(SESSION, token.strip(), secure=request.url.scheme == "https"))
    return answer


@router.post(SIGN_OUT, dependencies=[Depends(verified_form)])
async def sign_out(request: Request, catalog: CurrentCatalog) -> Response:
    """End the session, here and then at the provider where it began there."""
    gate: Gate = request.app.state.gate
    url = await gate.flow.apart(_ended, gate, catalog, request) if gate.flow else ""
    answer = render(request, "signed_out.html", url=url) if url else RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(SESSION, httponly=True, samesite="lax")
    return answer


def _ended(gate: Gate, catalog: Catalog, request: Request) -> str:
    """The provider's page to sign out, empty where there is none."""
    secret = request.cookies.get(SESSION, "")
    if not gate.flow or not secret.startswith(sessions.PREFIX):
        return ""
    with catalog.writing() as conn:
        hint = sessions.end(conn, secret, now=gate.settings.now())
    public = public_address(request)
    return gate.flow.end(hint, back=f"{public}{SIGN_IN}") if hint and public else ""
