"""``/governance``: whether the mesh keeps its rules, by domain, by rule and over time; waivers and councils."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, field_validator

from mesh_orchestration.compliance.report import share
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.context import CurrentSettings
from mesh_orchestration.web.governance_findings import (
    NOW_SECONDS,
    PAST_SECONDS,
    Board,
    Chosen,
    Severity,
    board_of,
    page_of,
    words_of,
)
from mesh_orchestration.web.governance_view import councils, denials, ending, trend
from mesh_orchestration.web.kept import CurrentKept, Kept
from mesh_orchestration.web.pages import Entry, render

NAV = Entry("Governance", "/governance", 55, "v")
TREND_SECONDS = 1800.0
LIMIT, FIRST = 50, 10
"""How many findings or products a page lists, and how many products the first page does."""
router = APIRouter(include_in_schema=False)


class Question(BaseModel):
    """What the address of the page says: a past day (its end counts), and which findings from the ``offset``-th on."""

    as_of: date | None = None
    domain: Annotated[str, Field(max_length=100)] = ""
    rule: Annotated[str, Field(max_length=20)] = ""
    severity: Severity = ""
    q: Annotated[str, Field(max_length=200)] = ""
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0

    @field_validator("as_of", mode="before")
    @classmethod
    def _no_day(cls, said: object) -> object:
        return said or None

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.domain, self.rule.upper(), self.severity, words_of(self.q))

    def query(self, **changes: str) -> str:
        """The query of the same question with other words, from its first finding on; what is empty is left out."""
        said = self.model_dump(mode="json", exclude={"offset"}) | changes
        return urlencode({name: value for name, value in said.items() if value})


@router.get("/governance")
def page(
    request: Request, settings: CurrentSettings, kept: CurrentKept, query: Annotated[Question, Query()]
) -> Response:
    """The rules now, or as they were kept at the end of a past day; a form's empty fields leave its address."""
    if "" in request.query_params.values():
        return RedirectResponse(_to("/governance", query), 303)
    return _shown(request, settings, kept, query, partial(_page, settings=settings, kept=kept))


@router.get("/governance/products", response_class=HTMLResponse)
def products(
    request: Request, settings: CurrentSettings, kept: CurrentKept, query: Annotated[Question, Query()]
) -> Response:
    """Every product, or those of a domain: whether it is compliant, and by what that is known."""
    return _shown(request, settings, kept, query, _products)


def _shown(
    request: Request,
    settings: Settings,
    kept: Kept,
    query: Question,
    told: Callable[[Board, Question], tuple[str, dict[str, Any]]],
) -> HTMLResponse:
    try:
        board = board_of(kept, settings, query.as_of)
    except MeshError as error:
        return render(request, "governance_unknown.html", status_code=404, why=str(error), as_of=query.as_of)
    template, values = told(board, query)
    return render(request, template, board=board, report=board.report, asked=query, limit=LIMIT, to=_to, **values)


def _page(board: Board, query: Question, *, settings: Settings, kept: Kept) -> tuple[str, dict[str, Any]]:
    report, seconds = board.report, PAST_SECONDS if query.as_of else NOW_SECONDS
    found = board.choose(query.chosen)
    offset, listed = page_of(found.findings, query.offset, LIMIT)
    of_domain = board.products_of(query.domain)
    return "governance.html", {
        "share": share,
        "found": found,
        "offset": offset,
        "listed": listed,
        "products": of_domain[:FIRST],
        "of_domain": len(of_domain),
        "councils": councils(report),
        "denied": kept.get(f"denials {query.as_of or ''}", lambda: denials(settings, report.as_of), seconds=seconds),
        "trend": kept.soon("governance trend", lambda: trend(settings), seconds=TREND_SECONDS),
        "ending": ending,
        "titles": {rule.code: rule.title for rule in report.rules},
    }


def _products(board: Board, query: Question) -> tuple[str, dict[str, Any]]:
    found = board.products_of(query.domain)
    offset, listed = page_of(found, query.offset, LIMIT)
    return "governance_products.html", {"products": listed, "offset": offset, "total": len(found)}


def _to(path: str, asked: Question, **changes: str) -> str:
    """The address of ``path`` with the same question, but for ``changes``."""
    query = asked.query(**changes)
    return f"{path}?{query}" if query else path
