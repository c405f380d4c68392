"""``mesh run``: publish the mesh, or part of it, once and headless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.orchestration.run import Progress, RunReport

_COLOUR = {"published": "green", "refused": "red", "failed": "red", "skipped": "yellow"}
_MARK = {
    "input": "[dim]landed[/]    ",
    "published": "[green]published[/] ",
    "check": "[yellow]check[/]     ",
    "refused": "[red]refused[/]   ",
    "failed": "[red]failed[/]    ",
    "skipped": "[yellow]skipped[/]   ",
}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("run", epilog="Example: mesh run billing orders.order_lines")(run)


def run(
    selection: Annotated[
        list[str] | None,
        typer.Argument(help="Domains or addresses (orders, orders.order_lines.v1); all when left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome of each product as JSON.")] = False,
) -> None:
    """Take in what the sources offer, transform, audit and publish. Exit 1 when a product was not published."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.cli.status_command import print_status

    settings = Settings.load()
    report = materialise(settings, selection or (), quiet=as_json)
    if as_json:
        print_json({"ok": report.ok, "seconds": round(report.seconds, 1), "products": list(report.products),
                    "broken": report.broken})  # fmt: skip
    else:
        print_report(report)
        print_status(settings, [str(product.address) for product in report.products])
    raise typer.Exit(0 if report.ok else 1)


def materialise(settings: Settings, selection: Sequence[str], *, quiet: bool = False) -> RunReport:
    """Emit what the example source has become able to show, then run; progress goes to standard error."""
    from mesh_orchestration.cli.app import errors
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.orchestration.instance import open_instance
    from mesh_orchestration.orchestration.plan import resolve
    from mesh_orchestration.orchestration.run import run as run_products
    from mesh_orchestration.replay.reads import is_read

    resolve(load_mesh(settings), selection)  # a word that names nothing is told before anything is emitted
    if settings.replay and is_read(settings):
        emit(settings, quiet=quiet)

    def show(event: Progress) -> None:
        if event.kind == "domain":
            errors.print(f"[bold]{event.subject}[/] [dim]{event.text}[/]", highlight=False)
        elif event.kind in _MARK:
            errors.print(f"  {_MARK[event.kind]} {event.subject} [dim]{event.text}[/]", highlight=False)

    with open_instance(settings) as instance:
        return run_products(settings, selection, instance=instance, on_event=(lambda _: None) if quiet else show)


def emit(settings: Settings, *, quiet: bool = False) -> None:
    """Let the replayed source drop the files that have become visible."""
    from mesh_orchestration.cli.app import errors
    from mesh_orchestration.replay.emit import emit as emit_files

    with errors.status("replaying the retail data …") as status:
        emitted = emit_files(
            settings,
            settings.now(),
            lambda table, done, total: status.update(f"replaying {table}: file {done} of {total}"),
        )
    if not quiet:
        rows = ", ".join(f"{table} {count:,}" for table, count in emitted.rows.items())
        errors.print(f"[bold]source[/] [dim]{rows or 'nothing new'}[/]", highlight=False)


def print_report(report: RunReport) -> None:
    """Say what came of each product that was not published, and how long it all took."""
    from mesh_orchestration.cli.app import console

    for (outcome, reasons), addresses in _alike(report).items():
        console.print(f"[{_COLOUR[outcome]}]{outcome}[/] {', '.join(addresses)}: ", end="", highlight=False)
        console.print("; ".join(reasons) or "see its run in Dagster", markup=False, highlight=False)
    told = {reason for product in report.products for reason in product.reasons}
    for domain, reason in report.broken.items():
        if reason in told:
            continue
        console.print(f"[red]broken[/] {domain}: ", end="")
        console.print(reason, markup=False, highlight=False)
    good = sum(product.outcome == "published" for product in report.products)
    console.print(f"{good} of {len(report.products)} products published in {report.seconds:.0f} s", highlight=False)


def _alike(report: RunReport) -> Mapping[tuple[str, tuple[str, ...]], list[str]]:
    """The products that were not published, those with the same outcome for the same reasons together."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for product in report.products:
        if product.outcome != "published":
            found.setdefault((product.outcome, product.reasons), []).append(str(product.address))
    return found
