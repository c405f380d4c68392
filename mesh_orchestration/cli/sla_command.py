"""``mesh sla``: what was promised, what was kept, and what is left of the error budget."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mesh_orchestration.cli.options import AsJson, AsOf, Selection, past_moment
from mesh_orchestration.cli.sla_output import bars, budget, details, level, promised, standing, tally
from mesh_orchestration.sla.wording import burn, share

if TYPE_CHECKING:
    from mesh_orchestration.sla.report import SlaReport


class _ReportByDefault(TyperGroup):
    """``mesh sla ORDERS`` is ``mesh sla report ORDERS``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["report", *args]
        return super().parse_args(ctx, args)


sla_app = typer.Typer(
    name="sla",
    cls=_ReportByDefault,
    rich_markup_mode="rich",
    help="Show how the products keep their service levels: mesh sla [SELECTION] [--window 7d] [--as-of T] [--json].",
    epilog="Example: mesh sla orders.orders.v1 --window 30d",
)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    sla_app.command("report", epilog="Example: mesh sla report orders --window 30d --json")(report)
    sla_app.command("rebuild", epilog="Example: mesh sla rebuild")(rebuild)
    app.add_typer(sla_app)


def report(
    selection: Selection = None,
    window: Annotated[str, typer.Option(help="How far back: 24h, 7d, 4w.")] = "7d",
    as_of: AsOf = "",
    as_json: AsJson = False,
) -> None:
    """Compliance, error budget, burn rate and breaches of each service level. Exit 1 when one is broken.

    Looks at the mesh first, so that the answer is of now also where nothing runs.
    """
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.orchestration.plan import resolve
    from mesh_orchestration.settings import Settings
    from mesh_orchestration.sla.ledger import open_ledger
    from mesh_orchestration.sla.record import record
    from mesh_orchestration.sla.report import report as report_of

    length, past = _length(window), past_moment(as_of)
    settings = Settings.load()
    mesh = load_mesh(settings)
    addresses = resolve(mesh, selection or ())
    with open_ledger(settings) as ledger:
        record(settings, mesh, ledger)
        found = report_of(settings, ledger, addresses, window=length, end=past or settings.now())
    if as_json:
        print_json(_plain(found))
    else:
        _print(found, alone=len(addresses) == 1)
    raise typer.Exit(1 if found.broken else 0)


def rebuild(as_json: AsJson = False) -> None:
    """Write what the snapshots know and the ledger does not: publications, ages, checks. Nothing that the ledger
    knows changes; a file that cannot be read is put aside."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings
    from mesh_orchestration.sla.rebuild import rebuild as rebuild_of

    settings = Settings.load()
    done = rebuild_of(settings, load_mesh(settings))
    if as_json:
        return print_json({"aside": str(done.aside) if done.aside else None, **vars(done.recorded)})
    if done.aside:
        console.print(f"the ledger could not be read; it lies in {done.aside} now", highlight=False)
    said = done.recorded
    console.print(
        f"{said.products} products seen: {said.publications} publications and {said.intervals} intervals written",
        highlight=False,
    )
    return None


def _length(text: str) -> timedelta:
    from mesh_orchestration.contract.duration import parse_duration
    from mesh_orchestration.errors import SettingsError

    try:
        length = parse_duration(text)
    except ValueError as error:
        raise SettingsError(f"--window: {error}") from None
    if not timedelta(minutes=1) <= length <= timedelta(days=3660):
        raise SettingsError(f"--window {text} is out of range; give something from 1m to 3660d, e.g. 7d")
    return length


def _plain(found: SlaReport) -> dict[str, Any]:
    """The report as JSON shows it: shares from 0 to 1, lengths in seconds."""
    return {
        "from": found.start.isoformat(),
        "to": found.end.isoformat(),
        **tally(found.tally),
        "broken": [f"{one.address} {one.level}" for one in found.broken],
        "service_levels": [level(one) for one in found.levels],
    }


def _print(found: SlaReport, *, alone: bool) -> None:
    from rich.table import Table

    from mesh_orchestration.cli.app import console

    if not found.levels:
        console.print("nothing is measured yet: no product with an SLA was published", highlight=False)
        return
    table = Table("product", "SLA", "promised", "now", "kept", "budget left", "burn 1d", "breaches", "days", box=None)
    for one in found.levels:
        table.add_row(
            str(one.address),
            one.level,
            promised(one),
            standing(one),
            share(one.tally.compliance),
            budget(one),
            burn(one.burns[1]),
            str(len(one.breaches) or "-"),
            bars(one.periods["day"], one.target),
        )
    console.print(table)
    if alone:
        for one in found.levels:
            for line in details(one):
                console.print(line, highlight=False)
    console.print(
        f"{found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC: {share(found.tally.compliance)} of the known "
        f"time kept, {share(found.tally.measured)} of the time known",
        highlight=False,
    )
