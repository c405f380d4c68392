"""What went wrong, for whoever asked: ``{"code": 404, "message": "…"}``, as Marquez says it too."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from mesh_orchestration.errors import AccessDenied, ContractError, MeshError, StorageError
from mesh_orchestration.web.pages import render

_LOG = logging.getLogger("mesh.web")
_BROKEN = "the service could not answer; its log says why"


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``value`` (plain data, times, dataclasses) as a JSON answer."""
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), status, dict(headers or {}), "application/json")


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """The answer to a request that is not served."""
    return as_json({"code": status, "message": message, **more}, status, headers)


def add_error_answers(app: FastAPI) -> None:
    """Have ``app`` answer every error in the one form."""
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misasked)
    app.add_exception_handler(MeshError, _failed)
    app.add_exception_handler(Exception, _broken)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    said = error.detail if error.detail != "Not Found" else f"there is no {request.url.path}"
    return _said(request, error.status_code, str(said), error.headers)


def _misasked(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()]
    return _said(request, 422, "; ".join(found))


def _failed(request: Request, error: Exception) -> Response:
    match error:
        case StorageError():
            _LOG.error("%s", error)
            return _said(request, 503, _BROKEN, {"Retry-After": "5"})
        case AccessDenied():
            return _said(request, 403, str(error))
        case ContractError():
            return refusal(422, "the contract is refused", problems=error.problems)
    _LOG.error("%s", error)
    return _said(request, 500, _BROKEN)


def _broken(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    return _said(request, 500, _BROKEN)


def _said(request: Request, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The error as a page for people, as JSON for programs."""
    if not wants_page(request):
        return refusal(status, message, headers)
    answer = render(request, "error.html", status_code=status, status=status, message=message)
    answer.headers.update(headers or {})
    return answer


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page."""
    return not request.url.path.startswith(("/api/", "/v1/")) and "text/html" in request.headers.get("accept", "")


def not_found(message: str) -> HTTPException:
    """The error to raise for something that is not there."""
    return HTTPException(404, message)
