"""``/v1/products``: what the mesh holds as JSON, and registering a contract as a pipeline does."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from mesh_orchestration.catalog.contracts import document
from mesh_orchestration.catalog.intake import Sent, read_contract, take
from mesh_orchestration.catalog.products import Health, Wanted, product, products, versions
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import ContractError, MeshError, StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.errors import as_json, not_found, refusal
from mesh_orchestration.web.security.callers import may

router = APIRouter(prefix="/v1/products", tags=["products"])

CONTRACT = "contract"
"""The part of a form that is the contract."""


class Asked(BaseModel):
    """Which products, and which part of the list."""

    domain: str = ""
    owner: str = ""
    tag: str = ""
    status: str = ""
    health: Health | None = None
    limit: int = Field(default=100, ge=0, le=1000)
    offset: int = Field(default=0, ge=0, le=10_000_000)


@router.get("")
def listed(settings: CurrentSettings, catalog: CurrentCatalog, asked: Annotated[Asked, Query()]) -> Response:
    """The products of which everything asked for holds, by address."""
    wanted = Wanted(asked.domain, asked.owner, asked.tag, asked.status, asked.health or "")
    with catalog.reading() as conn:
        found = products(conn, wanted, now=settings.now(), limit=asked.limit, offset=asked.offset)
    return as_json({"products": found.products, "total": found.total})


@router.get("/{address}")
def shown(settings: CurrentSettings, catalog: CurrentCatalog, address: str) -> Response:
    """One product with its contract; without ``.v<major>`` its newest major."""
    with catalog.reading() as conn:
        found = product(conn, address, now=settings.now())
        if found is None:
            raise not_found(f"there is no data product '{address}'")
        known = versions(conn, found.product.address)
    return as_json({
        **asdict(found.product),
        "contract": json.loads(document(found.contract)),
        "columns": found.columns,
        "reads": found.reads,
        "read_by": found.read_by,
        "exposures": found.exposures,
        "versions": [{"version": one.version, "hash": one.hash, "at": one.at, "commit": one.commit} for one in known],
    })  # fmt: skip


@router.post("", dependencies=[Depends(may("products"))], status_code=201)
async def registered(request: Request, settings: CurrentSettings, catalog: CurrentCatalog) -> Response:
    """Register the contract in the body: native, short or ODCS, as YAML or JSON. Where it refers to files, a form
    sends it as ``contract`` and each of them under its path.

    201: new, or a new version; 200: known already; 409: it contradicts what is known; 422: findings with lines.
    """
    files: dict[str, bytes] = {}
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        files = await _files(request)
        if CONTRACT not in files:
            raise HTTPException(400, f"the form has no part '{CONTRACT}': curl -F {CONTRACT}=@data-product.yaml")
    sent = files.pop(CONTRACT) if files else await request.body()
    try:
        text = sent.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"the contract is no UTF-8: {error}") from None
    return await run_in_threadpool(_register, settings, catalog, text, files)


async def _files(request: Request) -> dict[str, bytes]:
    """The parts of a form by name."""
    async with request.form(max_files=50, max_fields=50) as form:
        return {
            name: await part.read() if isinstance(part, UploadFile) else part.encode()
            for name, part in form.multi_items()
        }


def _register(settings: Settings, catalog: Catalog, text: str, files: dict[str, bytes]) -> Response:
    try:
        sent = read_contract(settings, text, files)
    except ContractError as error:
        return refusal(422, f"the contract is refused: {error.problems[0]}", problems=error.problems)
    try:
        done = take(settings, catalog, sent)
    except StorageError:
        raise
    except MeshError as error:
        return refusal(409, str(error))
    return as_json(_answer(sent, done.created), 201 if done.changed else 200)


def _answer(sent: Sent, created: bool) -> dict[str, Any]:
    one = sent.product
    return {
        "address": str(one.address),
        "version": one.version,
        "hash": one.fingerprint,
        "created": created,
        "dialect": sent.dialect,
        "lost": [{"path": item.path, "reason": item.reason} for item in sent.lost],
        "warnings": sent.advice,
    }
