"""``/sign-in/start`` sends a browser to the identity provider, which sends it back to ``/sign-in/callback``."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from mesh_orchestration.catalog import sessions
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.web.context import CurrentCatalog
from mesh_orchestration.web.errors import not_found
from mesh_orchestration.web.security import flow_state
from mesh_orchestration.web.security.code_flow import CodeFlow
from mesh_orchestration.web.security.csrf import known_visitor, visitor
from mesh_orchestration.web.security.discovery import ProviderError
from mesh_orchestration.web.security.flow_state import FlowState
from mesh_orchestration.web.security.gate import CALLBACK, SESSION, START, Gate
from mesh_orchestration.web.security.headers import cookie
from mesh_orchestration.web.security.oidc import Refusal
from mesh_orchestration.web.sign_in_view import inside, is_at, public_address, sign_in_page

_LOG = logging.getLogger("mesh.web")
_NO_ADDRESS = "This catalog does not know its own address; whoever runs it sets MESH_SERVE_URL."
_DOWN = "The identity provider cannot be asked now; try again in a moment. The log of this catalog says why."
_SPENT = "it was used already"
_LOCAL = {"Cache-Control": "no-store"}
_Text = Annotated[str, Field(max_length=8192)]
router = APIRouter(include_in_schema=False)


class Wish(BaseModel):
    """Where a visitor wants to go; ``anew`` as whom they choose, ``moved`` here from another name of this service."""

    next: _Text = "/"
    anew: bool = False
    moved: bool = False


class Brought(BaseModel):
    """What the provider sends a browser back with (RFC 6749, 4.1.2; RFC 9207)."""

    state: _Text = ""
    code: _Text = ""
    error: _Text = ""
    error_description: _Text = ""
    iss: _Text = ""


def _flow(request: Request) -> CodeFlow:
    """How people sign in; raises 404 where they do not do so at a provider."""
    gate: Gate = request.app.state.gate
    if gate.flow is None:
        raise not_found("nobody signs in at an identity provider here")
    return gate.flow


CurrentFlow = Annotated[CodeFlow, Depends(_flow)]


@router.get(START)
async def start(request: Request, flow: CurrentFlow, wish: Annotated[Wish, Query()]) -> Response:
    """On to the provider; before that to this service's public address, whose cookies the way back needs. A proxy
    that keeps that address from us is no reason to go there again and again."""
    public, to = public_address(request), inside(wish.next)
    if not public:
        return sign_in_page(request, to, _NO_ADDRESS, status=503)
    if not wish.moved and not is_at(request, public):
        there = {"next": to, "moved": "1", **({"anew": "1"} if wish.anew else {})}
        return RedirectResponse(f"{public}{START}?{urlencode(there)}", 303)
    now = request.app.state.settings.now()
    state = flow_state.begin(request.app.state.secret, visitor(request), to, now=now)
    try:
        url = await flow.apart(flow.begin, state, back=f"{public}{CALLBACK}", anew=wish.anew)
    except ProviderError as error:
        return _down(request, to, error)
    return RedirectResponse(url, 303, _LOCAL)


@router.get(CALLBACK)
async def finish(
    request: Request, catalog: CurrentCatalog, flow: CurrentFlow, brought: Annotated[Brought, Query()]
) -> Response:
    """Begin the session and go on to where the visitor wanted to be; else the page to sign in, with the reason."""
    gate: Gate = request.app.state.gate
    key, who, now = request.app.state.secret, known_visitor(request), gate.settings.now()
    try:
        state = flow_state.resume(key, who, brought.state, now=now)
    except Refusal as reason:
        return sign_in_page(request, "/", f"This sign-in cannot be finished: {reason}. Begin it once more.", status=400)
    try:
        code = _code(brought, flow.issuer)
        public = public_address(request)
        secret = await flow.apart(_begun, gate, catalog, state, code=code, back=f"{public}{CALLBACK}")
    except Refusal as reason:
        return sign_in_page(request, state.to, f"This sign-in does not count: {reason}.", status=403)
    except ProviderError as reason:
        return _down(request, state.to, reason)
    answer = RedirectResponse(state.to, 303, _LOCAL)
    secure = public.startswith("https:")
    answer.headers.append("Set-Cookie", cookie(SESSION, secret, secure=secure, seconds=flow.client.seconds))
    return answer


def _code(brought: Brought, issuer: str) -> str:
    """The code; raises Refusal when there is none, or another provider sent it."""
    if brought.iss not in ("", issuer):
        raise Refusal(f"it comes from {brought.iss}, which was not asked")
    if brought.error or not brought.code:
        why = f"{brought.error}: {brought.error_description}".strip(": ") or "no code"
        raise Refusal(f"the provider sent you back with {why}")
    return brought.code


def _begun(gate: Gate, catalog: Catalog, state: FlowState, *, code: str, back: str) -> str:
    """The secret of a new session; raises Refusal and ProviderError."""
    flow = gate.flow
    assert flow is not None
    with catalog.reading() as conn:
        if sessions.is_spent(conn, state.text):
            raise Refusal(_SPENT)
    identity = flow.finish(code, state, back=back)
    caller, known = gate.of_claims(flow.verifier, identity.claims), gate.roles.known()
    if known and caller.role not in known:
        claim = flow.verifier.provider.role_claim
        said = f"'{caller.role}', which is no role of this mesh" if caller.role else "nothing"
        raise Refusal(f"you are {caller.who}, but have no role here; the claim '{claim}' of the provider says {said}")
    now = gate.settings.now()
    ends_at = now + timedelta(seconds=flow.client.seconds)
    session = sessions.Session(caller.who, caller.role, tuple(sorted(caller.rights)), ends_at)
    with catalog.writing() as conn:
        secret = sessions.begin(conn, session, flow=state.text, hint=identity.id_token, now=now)
    if secret is None:
        raise Refusal(_SPENT)
    return secret


def _down(request: Request, to: str, error: ProviderError) -> Response:
    _LOG.error("%s", error)
    answer = sign_in_page(request, to, _DOWN, status=503)
    answer.headers["Retry-After"] = "10"
    return answer
