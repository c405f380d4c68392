"""``mesh gate``: whether the mesh may take its next step, with the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mesh_orchestration.cli.options import AsJson
from mesh_orchestration.cli.sla_output import level, tally
from mesh_orchestration.sla.wording import evidence, share

if TYPE_CHECKING:
    from mesh_orchestration.sla.gate import Gate

_SHOWN = 10
gate_app = typer.Typer(
    name="gate",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Ask whether the mesh may take its next step.",
    epilog="Example: mesh gate expand",
)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    gate_app.callback()(lambda: None)
    gate_app.command("expand", epilog="Example: mesh gate expand --json")(expand)
    app.add_typer(gate_app)


def expand(as_json: AsJson = False) -> None:
    """May more domains join? Only while the products there are keep their service levels. Exit 1 when not.

    Counts the known time of every service level of every product over the last MESH_GATE_DAYS (30) days, or since
    its first publication: MESH_GATE_SHARE (99%) of it has to be kept, and MESH_GATE_MEASURED (90%) of the time known.
    """
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings
    from mesh_orchestration.sla.gate import expand as gate_of
    from mesh_orchestration.sla.ledger import open_ledger
    from mesh_orchestration.sla.record import record

    settings = Settings.load()
    mesh = load_mesh(settings)
    with open_ledger(settings) as ledger:
        record(settings, mesh, ledger)
        gate = gate_of(settings, mesh, ledger)
    if as_json:
        print_json(
            {
                "holds": gate.holds,
                "reasons": gate.reasons,
                "from": gate.report.start,
                "to": gate.report.end,
                "share": gate.share,
                "least_measured": gate.least_measured,
                **tally(gate.report.tally),
                "never_published": gate.missing,
                "broken_domains": gate.unread,
                "below": [level(one) for one in gate.below],
                "unmeasured": [level(one) for one in gate.unmeasured],
                "service_levels": len(gate.report.levels),
            }
        )
    else:
        _print(gate)
    raise typer.Exit(0 if gate.holds else 1)


def _print(gate: Gate) -> None:
    from rich.markup import escape

    from mesh_orchestration.cli.app import console

    answer = "[green]the gate is open[/]" if gate.holds else "[red]the gate is shut[/]"
    levels = gate.report.levels
    products = len({one.address for one in levels})
    found = (
        f"{share(gate.compliance, 3)} of the known time of {len(levels)} service levels of {products} products kept, "
        f"{share(gate.measured)} of the time known"
    )
    console.print(f"{answer}: {found}" if levels else answer, highlight=False)
    for reason in gate.reasons:
        console.print(f"  {escape(reason)}", highlight=False)
    for one in gate.below[:_SHOWN]:
        kept = share(one.tally.compliance, 3)
        console.print(f"[red]{one.address} {one.level}[/] kept {kept}, breaches: {len(one.breaches)}", highlight=False)
        for breach in sorted(one.breaches, key=lambda breach: breach.start)[-3:]:
            console.print(f"  {escape(evidence(one.level, breach))}", highlight=False)
    for one in gate.unmeasured[:_SHOWN]:
        why = escape(one.note) or "nobody looked in between"
        console.print(
            f"[yellow]{one.address} {one.level}[/] known for {share(one.tally.measured)} of its time: {why}",
            highlight=False,
        )
    hidden = max(0, len(gate.below) - _SHOWN) + max(0, len(gate.unmeasured) - _SHOWN)
    if hidden:
        console.print(f"[dim]{hidden} more: mesh gate expand --json[/]")
