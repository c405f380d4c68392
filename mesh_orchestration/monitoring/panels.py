"""Grafana's panels, as plain data: what each shows, and where it stands on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

WIDTH = 24  # columns of Grafana's grid
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Kind = Literal["stat", "timeseries", "table", "state-timeline", "bargauge"]


@dataclass(frozen=True)
class Query:
    """One PromQL query and the name of its series; ``instant`` asks for its newest value only."""

    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Step:
    """From which value on a colour holds; None for from the beginning."""

    value: float | None
    colour: str


GOOD_BELOW_ONE = (Step(None, "green"), Step(1, "red"))
PLAIN = (Step(None, "text"),)


@dataclass(frozen=True)
class Panel:
    """One panel; ``unit`` is Grafana's word for it, ``steps`` its colours, ``size`` its columns and rows."""

    title: str
    kind: Kind
    queries: tuple[Query, ...]
    unit: str = "short"
    description: str = ""
    steps: tuple[Step, ...] = PLAIN
    size: tuple[int, int] = (8, 7)
    span: tuple[float | None, float | None] = (None, None)
    names: dict[str, str] = field(default_factory=dict)
    """Of the columns of a table; those without a name are left out."""

    def json(self, number: int, x: int, y: int) -> dict[str, Any]:
        """The panel as Grafana reads it."""
        width, height = self.size
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": _SOURCE,
            "gridPos": {"x": x, "y": y, "w": width, "h": height},
            "targets": [self._target(query, place) for place, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
            **({"transformations": self._columns()} if self.kind == "table" else {}),
        }

    def _target(self, query: Query, place: int) -> dict[str, Any]:
        shown = {"format": "table"} if self.kind == "table" else {"legendFormat": query.legend or "__auto"}
        return {
            "refId": chr(ord("A") + place),
            "datasource": _SOURCE,
            "expr": query.expr,
            "instant": query.instant,
            "range": not query.instant,
            **shown,
        }

    def _defaults(self) -> dict[str, Any]:
        least, most = self.span
        limits = ({"min": least} if least is not None else {}) | ({"max": most} if most is not None else {})
        steps = [{"value": step.value, "color": step.colour} for step in self.steps]
        return {
            "unit": self.unit,
            "thresholds": {"mode": "absolute", "steps": steps},
            "color": {"mode": "palette-classic" if self.kind == "timeseries" else "thresholds"},
            **limits,
        }

    def _options(self) -> dict[str, Any]:
        if self.kind == "timeseries":
            legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
            return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
        if self.kind in ("stat", "bargauge"):
            return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto"}
        return {"showValue": "never"} if self.kind == "state-timeline" else {"cellHeight": "sm", "showHeader": True}

    def _columns(self) -> list[dict[str, Any]]:
        """The queries side by side, by address, with the columns that have a name."""
        kept = {"include": {"names": list(self.names)}}
        return [
            {"id": "merge", "options": {}},
            {"id": "filterFieldsByName", "options": kept},
            {"id": "organize", "options": {"renameByName": dict(self.names)}},
        ]


@dataclass(frozen=True)
class Row:
    """Panels under a title, from left to right and wrapped; a ``folded`` row opens when somebody asks for it."""

    title: str
    panels: tuple[Panel, ...]
    folded: bool = False


def arranged(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows and panels from top to bottom, numbered, none on top of another."""
    found: list[dict[str, Any]] = []
    number, y = 1, 0
    for row in rows:
        head: dict[str, Any] = {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": row.folded,
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
            "panels": [],
        }
        placed, below = _placed(row.panels, number + 1, y + 1)
        found += [head | {"panels": placed}] if row.folded else [head, *placed]
        number, y = number + 1 + len(placed), y + 1 if row.folded else below
    return found


def _placed(panels: Sequence[Panel], number: int, y: int) -> tuple[list[dict[str, Any]], int]:
    found: list[dict[str, Any]] = []
    x = height = 0
    for place, panel in enumerate(panels):
        if x + panel.size[0] > WIDTH:
            x, y, height = 0, y + height, 0
        found.append(panel.json(number + place, x, y))
        x, height = x + panel.size[0], max(height, panel.size[1])
    return found, y + height
