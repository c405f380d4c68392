"""``/governance``: whether the mesh keeps its rules, by domain, by rule and over time; waivers and councils."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from mesh_orchestration.compliance.collect import collect
from mesh_orchestration.compliance.report import ComplianceReport, share
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import governance_view
from mesh_orchestration.web.context import CurrentSettings
from mesh_orchestration.web.governance_view import denials, trend
from mesh_orchestration.web.kept import CurrentKept, Kept
from mesh_orchestration.web.pages import Entry, render

NAV = Entry("Governance", "/governance", 55, "v")
NOW_SECONDS, PAST_SECONDS, TREND_SECONDS = 15.0, 3600.0, 1800.0
MOST = 100
router = APIRouter(include_in_schema=False)


class Question(BaseModel):
    """What the address of the page says: a past day (its end counts), one domain, one rule."""

    as_of: date | None = None
    domain: Annotated[str, Field(max_length=100)] = ""
    rule: Annotated[str, Field(max_length=20)] = ""


@router.get("/governance", response_class=HTMLResponse)
def page(
    request: Request, settings: CurrentSettings, kept: CurrentKept, query: Annotated[Question, Query()]
) -> HTMLResponse:
    """The rules now, or as they were kept at the end of a past day."""
    try:
        report = _report(kept, settings, query.as_of)
    except MeshError as error:
        return render(request, "governance_unknown.html", status_code=404, why=str(error), as_of=query.as_of)
    found = governance_view.violations(report, query.domain, query.rule)
    products = sorted(
        (one for one in report.products if not query.domain or one.domain == query.domain),
        key=lambda one: (one.compliant, one.address),
    )
    return render(
        request,
        "governance.html",
        report=report,
        asked=query,
        share=share,
        denying=sum(len(one.denials) for one in report.products),
        matrix=governance_view.matrix(report, query.domain),
        products=products[:MOST],
        unlisted=max(0, len(products) - MOST),
        violations=found[:MOST],
        hidden=max(0, len(found) - MOST),
        councils=governance_view.councils(report),
        denied=kept.get(
            f"denials {query.as_of or ''}", lambda: denials(settings, report.as_of), seconds=_seconds(query.as_of)
        ),
        trend=kept.soon("governance trend", lambda: trend(settings), seconds=TREND_SECONDS),
        ending=governance_view.ending,
        titles={rule.code: rule.title for rule in report.rules},
    )


def _report(kept: Kept, settings: Settings, day: date | None) -> ComplianceReport:
    if day is None or day >= settings.now().date():
        return kept.get("governance", lambda: collect(settings), seconds=NOW_SECONDS)
    moment = datetime.combine(day, time.max, UTC)
    return kept.get(f"governance {day}", lambda: collect(settings, as_of=moment), seconds=PAST_SECONDS)


def _seconds(day: date | None) -> float:
    return PAST_SECONDS if day else NOW_SECONDS
