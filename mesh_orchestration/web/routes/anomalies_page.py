"""``/anomalies``: what is unlike its history, and for one product each series with the band that was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.anomalies import wording
from mesh_orchestration.anomalies.look import Terms
from mesh_orchestration.anomalies.series import METRICS, Finding, Key, Point
from mesh_orchestration.anomalies.store import open_store
from mesh_orchestration.web import charts
from mesh_orchestration.web.context import CurrentSettings
from mesh_orchestration.web.kept import CurrentKept, mesh_of
from mesh_orchestration.web.pages import Entry, render

NAV = Entry("Anomalies", "/anomalies", 65, "o")
DAYS = 7
SHOWN = 120
"""How many publications of a series are drawn."""
_UNITS = {"share": ("%", 1), "seconds": ("h", 3600)}
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Series:
    """One series as the page shows it: ``moves`` when it is worth a chart."""

    key: Key
    points: Sequence[Point]
    finding: Finding | None

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def moves(self) -> bool:
        return self.finding is not None or len({point.value for point in self.points}) > 1


@router.get("/anomalies", response_class=HTMLResponse)
def page(request: Request, settings: CurrentSettings, kept: CurrentKept, address: str = "") -> HTMLResponse:
    """The anomalies that last and those that ended lately, of the mesh or of one product with its series."""
    now = settings.now()
    with open_store(settings) as store:
        findings = store.findings(since=now - timedelta(days=DAYS), address=address)
        points = store.points(address, last=SHOWN) if address else {}
        watched, judged = store.counts()
    known = {str(one) for one in mesh_of(kept, settings).products}
    if address and not points and address not in known:
        raise HTTPException(404, f"there is no product {address}")
    return render(
        request,
        "anomalies.html",
        address=address,
        lasting=[one for one in findings if one.closed is None],
        ended=[one for one in findings if one.closed is not None],
        series=series_of(points, findings),
        counts={"watched": watched, "judged": judged},
        enough=Terms.of(settings).enough,
        days=DAYS,
        metrics=METRICS,
        chart=chart,
        wording=wording,
    )


def series_of(points: Mapping[Key, Sequence[Point]], findings: Sequence[Finding]) -> tuple[Series, ...]:
    """The series of a product: those with an anomaly that lasts first, then in the order of their metrics."""
    lasting, order = {one.key: one for one in findings if one.closed is None}, list(METRICS)
    found = [Series(key, said, lasting.get(key)) for key, said in points.items()]
    return tuple(
        sorted(found, key=lambda one: (one.finding is None, order.index(one.key.metric), one.key.subject)),
    )


def chart(series: Series) -> str:
    """A picture of the series, with what was expected of each point as the band behind it."""
    metric = series.key.metric
    unit, size = _UNITS.get(METRICS[metric].unit, ("", 1))
    drawn = [
        charts.Point(
            at=point.at,
            value=point.value / size,
            tone="warn" if point.odd else "",
            note=f"expected {wording.usual(metric, point.expected)}" if point.expected else "no expectation yet",
            low=point.expected.low / size if point.expected else None,
            high=point.expected.high / size if point.expected else None,
        )
        for point in series.points
    ]
    return charts.line(drawn, wording.title(series.key).capitalize(), unit=unit)
