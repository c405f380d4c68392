"""``mesh anomalies``: what is unlike its history, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh_orchestration.cli.options import AsJson, Selection

if TYPE_CHECKING:
    from mesh_orchestration.anomalies.look import Looked
    from mesh_orchestration.anomalies.series import Expected, Finding, Key, Point


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(epilog="Example: mesh anomalies orders.order_lines.v1 --days 7")(anomalies)


def anomalies(
    selection: Selection = None,
    days: Annotated[int, typer.Option(min=0, max=3660, help="Show also what ended in the last days.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Volumes, nulls, distributions and delays that are unlike their history. Exit 1 when there are some now.

    Looks at the mesh first, so that the answer is of now also where nothing runs. One address shows each of its
    series with what is expected of it.
    """
    from mesh_orchestration.anomalies.look import Terms, look
    from mesh_orchestration.anomalies.store import open_store
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.orchestration.plan import resolve
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    mesh = load_mesh(settings)
    chosen = {str(address) for address in resolve(mesh, selection or ())}
    with open_store(settings) as store:
        done = look(settings, mesh, store, seconds=120)
        known = store.findings(since=settings.now() - timedelta(days=days))
        found = [one for one in known if one.key.address in chosen]
        alone = next(iter(chosen)) if len(chosen) == 1 else ""
        series = store.points(alone) if alone else {}
        counts = store.counts()
    lasting = [one for one in found if one.closed is None]
    if as_json:
        shown = {"series": [_series(key, points) for key, points in series.items()]} if alone else {}
        counted = {"watched": counts[0], "judged": counts[1], "finished": done.finished}
        print_json({**counted, "anomalies": [_plain(one) for one in found], **shown})
    else:
        _print(found, series, done, counts=counts, enough=Terms.of(settings).enough)
    raise typer.Exit(1 if lasting else 0)


def _plain(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "address": one.key.address,
        "metric": one.key.metric,
        "subject": one.key.subject,
        "severity": "warn",
        "opened": one.opened.isoformat(),
        "closed": one.closed.isoformat() if one.closed else None,
        "ending": one.ending,
        "publications": one.count,
        "snapshot": one.snapshot,
        "value": one.value,
        "expected": _range(one.expected),
        "text": one.text,
    }


def _range(expected: Expected | None) -> dict[str, Any] | None:
    return None if expected is None else dict(vars(expected))


def _series(key: Key, points: Sequence[Point]) -> dict[str, Any]:
    shown = [
        {"at": one.at.isoformat(), "snapshot": one.snapshot, "value": one.value, "expected": _range(one.expected)}
        for one in points
    ]
    return {"metric": key.metric, "subject": key.subject, "points": shown}


def _print(
    found: Sequence[Finding],
    series: Mapping[Key, Sequence[Point]],
    done: Looked,
    *,
    counts: tuple[int, int],
    enough: int,
) -> None:
    from rich.markup import escape

    from mesh_orchestration.cli.app import console

    for one in found:
        console.print("\n".join(_told(one)), highlight=False)
    if series:
        console.print(_table(series, enough))
    lasting, (watched, judged) = sum(one.closed is None for one in found), counts
    learning = f", {watched - judged} have too short a history to say" if watched > judged else ""
    console.print(escape(f"{lasting} anomalies now; {watched} series are watched{learning}"), highlight=False)
    if not done.finished:
        console.print("there is more history to take in: look again", highlight=False)


def _told(one: Finding) -> Iterator[str]:
    from rich.markup import escape

    colour, end = ("yellow", "now") if one.closed is None else ("dim", f"{one.closed:%Y-%m-%d %H:%M}, {one.ending}")
    yield f"[{colour}]{one.key.address}[/] {escape(one.text)}"
    times = f", {one.count} publications in a row" if one.count > 1 else ""
    yield f"  {one.opened:%Y-%m-%d %H:%M} to {end}{times}, snapshot {one.snapshot}"


def _table(series: Mapping[Key, Sequence[Point]], enough: int) -> Any:
    from rich.table import Table

    from mesh_orchestration.anomalies.series import METRICS
    from mesh_orchestration.anomalies.wording import amount, title, usual

    table = Table("series", "about", "newest", "expected", "publications", box=None)
    order = list(METRICS)
    for key, points in sorted(series.items(), key=lambda item: (order.index(item[0].metric), item[0].subject)):
        last = points[-1]
        expected = usual(key.metric, last.expected) if last.expected else f"[dim]learning, {len(points)} of {enough}[/]"
        value = amount(key.metric, last.value)
        shown = f"[yellow]{value}[/]" if last.odd else value
        table.add_row(title(key), METRICS[key.metric].about, shown, expected, str(len(points)))
    return table
