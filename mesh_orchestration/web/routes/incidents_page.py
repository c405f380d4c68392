"""``/incidents``: what is wrong now and what was, each with its timeline, its evidence and what can be done."""

from __future__ import annotations

import logging
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.incidents import hand
from mesh_orchestration.incidents.about import about, by_name, muteable, served
from mesh_orchestration.incidents.model import Incident
from mesh_orchestration.incidents.store import State, open_store
from mesh_orchestration.publication.rejected import RejectedRows
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.context import CurrentSettings
from mesh_orchestration.web.kept import CurrentKept, mesh_of
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.promises import said
from mesh_orchestration.web.security.callers import CurrentCaller, may
from mesh_orchestration.web.security.csrf import CsrfToken, verified_form

NAV = Entry("Incidents", "/incidents", 70, "n")
LIMIT, SAMPLE = 50, 5
STATES: tuple[State, ...] = ("open", "ended", "all")
router = APIRouter(include_in_schema=False)
_ANSWERS = [Depends(may("incidents")), Depends(verified_form)]
_log = logging.getLogger("mesh.web")


class Question(BaseModel):
    """What the address of the list says."""

    state: State = "open"
    subject: Annotated[str, Field(max_length=200)] = ""
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


@router.get("/incidents", response_class=HTMLResponse)
def page(
    request: Request,
    settings: CurrentSettings,
    query: Annotated[Question, Query()],
    kept: CurrentKept,
    caller: CurrentCaller,
    csrf: CsrfToken,
) -> HTMLResponse:
    """The incidents, newest first."""
    products = by_name(mesh_of(kept, settings))
    with open_store(settings) as store:
        found = store.incidents(query.state, subject=query.subject, limit=LIMIT, offset=query.offset)
        counts = {state: store.count(state, subject=query.subject) for state in STATES}
        muted, waiting = store.mutes(settings.now().timestamp()), store.waiting()
    return render(
        request,
        "incidents.html",
        incidents=found,
        said={one.subject: said(products.get(one.subject)) for one in found if one.failing},
        asked=query,
        counts=counts,
        muted=muted,
        waiting=waiting,
        limit=LIMIT,
        query=urlencode({"state": query.state, "subject": query.subject}),
        caller=caller,
        csrf=csrf,
    )


@router.get("/incidents/{name}", response_class=HTMLResponse)
def one(request: Request, name: str, settings: CurrentSettings, caller: CurrentCaller, csrf: CsrfToken) -> HTMLResponse:
    """One incident, by its id: what is wrong, its timeline with the evidence, who was told."""
    with open_store(settings) as store:
        try:
            incident = store.incident(name)
        except SettingsError as error:
            raise HTTPException(404, str(error)) from None
        timeline, letters = store.timeline(incident.id), store.deliveries(incident.id)
        muted = [mute for mute in store.mutes(settings.now().timestamp()) if mute.covers(incident.subject)]
    mesh = load_mesh(settings)
    found = about(mesh, incident.subject, lambda address: served(settings, address))
    product = by_name(mesh).get(incident.subject)
    return render(
        request,
        "incident.html",
        incident=incident,
        said=said(product),
        timeline=timeline,
        letters=letters,
        muted=muted,
        muteable=[name for name in (incident.subject, incident.domain) if name in (*by_name(mesh), *mesh.domains)],
        about=found,
        product=product,
        samples=_samples(settings, incident, product),
        caller=caller,
        csrf=csrf,
    )


@router.post("/incidents/mute", dependencies=_ANSWERS)
def mute(
    settings: CurrentSettings,
    caller: CurrentCaller,
    subject: Annotated[str, Form(max_length=200)],
    length: Annotated[Literal["30m", "2h", "8h", "1d", "3d", "7d"], Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> RedirectResponse:
    """Tell nobody of a product, a domain or of anything for a while."""
    try:
        name = muteable(load_mesh(settings), subject.strip())
    except MeshError as error:
        raise HTTPException(422, str(error)) from None
    now = settings.now().timestamp()
    until = now + parse_duration(length).total_seconds()
    with open_store(settings) as store:
        hand.mute(store, name, until=until, by=caller.who, reason=reason, now=now)
    return RedirectResponse("/incidents", 303)


@router.post("/incidents/unmute", dependencies=_ANSWERS)
def unmute(settings: CurrentSettings, subject: Annotated[str, Form(max_length=200)]) -> RedirectResponse:
    """Tell of it again, from now on."""
    with open_store(settings) as store:
        hand.unmute(store, subject, now=settings.now().timestamp())
    return RedirectResponse("/incidents", 303)


@router.post("/incidents/{name}/{act}", dependencies=_ANSWERS)
def answer(
    name: str,
    act: Literal["acknowledge", "resolve"],
    settings: CurrentSettings,
    caller: CurrentCaller,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> RedirectResponse:
    """Acknowledge or resolve an incident."""
    now = settings.now().timestamp()
    with open_store(settings) as store:
        try:
            if act == "acknowledge":
                done = hand.acknowledge(store, name, by=caller.who, now=now)
            else:
                done = hand.resolve(store, name, by=caller.who, reason=reason, now=now)
        except SettingsError as error:
            raise HTTPException(409, str(error)) from None
    return RedirectResponse(f"/incidents/{done.id}", 303)


def _samples(settings: Settings, incident: Incident, product: DataProduct | None) -> tuple[RejectedRows, ...]:
    """Masked rows that broke the contract, while the refused publication is kept; none where they cannot be read."""
    from mesh_orchestration.publication.rejected import rejected_rows
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import rejected

    if product is None or incident.kind != "contract" or incident.end:
        return ()
    try:
        with open_lake(settings) as lake:
            return rejected_rows(lake, product, limit=SAMPLE) if rejected(lake, product.address) else ()
    except MeshError as error:
        _log.warning("%s", error)
        return ()
