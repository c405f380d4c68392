"""``POST /api/v1/lineage`` and ``/api/v1/lineage/batch``: events of any OpenLineage producer.

Answers as OpenLineage's API defines them; one event is answered 201, as Marquez does.
"""

from __future__ import annotations

from typing import Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from mesh_orchestration.catalog.received import NoList, Received, received, received_body
from mesh_orchestration.web.errors import as_json
from mesh_orchestration.web.inbox import Inbox
from mesh_orchestration.web.security.callers import may

router = APIRouter(prefix="/api/v1/lineage", tags=["lineage"], dependencies=[Depends(may("lineage"))])
_MUCH = 100_000  # bytes: reading them takes longer than others should wait


@router.post("", status_code=201)
async def one(request: Request) -> Response:
    """Take one event; 400 says why it is refused. The same event may come again."""
    event = _json(await _body(request))
    if not isinstance(event, dict):
        raise HTTPException(400, "one event is a JSON object; send a list of them to /api/v1/lineage/batch")
    refused = await _inbox(request).take(received([event]))
    if refused:
        raise HTTPException(400, refused[0].reason)
    return Response(status_code=201)


@router.post("/batch")
async def batch(request: Request) -> Response:
    """Take many events; those that are refused are named, the others are durable."""
    body, inbox = await _body(request), _inbox(request)
    if len(body) > _MUCH:
        async with inbox.reading:
            events = await to_thread.run_sync(_much, body, inbox)
    else:
        events = _batch(body)
    refused = await inbox.take(events)
    failed = len(refused)
    return as_json({
        "status": "partial_success" if failed else "success",
        "summary": {
            "received": len(events), "successful": len(events) - failed, "failed": failed,
            "retriable": 0, "non_retriable": failed,
        },
        "failed_events": [{"index": item.index, "reason": item.reason, "retriable": False} for item in refused],
    })  # fmt: skip


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, f"the Content-Type is {kind or 'missing'}; send application/json")
    return await request.body()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _no_json(error) from None


def _much(body: bytes, inbox: Inbox) -> list[Received]:
    with inbox.turn:
        return _batch(body)


def _batch(body: bytes) -> list[Received]:
    try:
        return received_body(body)
    except NoList:
        raise HTTPException(400, "a batch is a JSON list of events; send a single one to /api/v1/lineage") from None
    except orjson.JSONDecodeError as error:
        raise _no_json(error) from None


def _no_json(error: orjson.JSONDecodeError) -> HTTPException:
    return HTTPException(400, f"the body is no JSON: {error}")


def _inbox(request: Request) -> Inbox:
    found: Inbox = request.app.state.inbox
    return found
