"""``mesh rejected``: what a refused publication would have brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.publication.rejected import RejectedRows

COLUMNS = 7  # of a row on a screen


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("rejected", epilog="Example: mesh rejected orders.order_lines --limit 5")(rejected)


def rejected(
    address: Annotated[str, typer.Argument(help="domain.product or domain.product.v<major>.")],
    limit: Annotated[int, typer.Option(help="Failing rows to show for each check.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print reasons and rows as JSON.")] = False,
) -> None:
    """Show the rows that broke the contract in the newest refused publication, masked.

    Exit 1 while it has not been published again."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.publication.rejected import rejected_rows
    from mesh_orchestration.publication.status import status
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import rejected as rejected_snapshots

    settings = Settings.load()
    product = load_mesh(settings).product(address)
    with open_lake(settings) as lake:
        found = status(lake, product, settings.now())
        refusal = found.refusal
        kept = {one.branch for one in rejected_snapshots(lake, product.address)}
        checks = (
            rejected_rows(lake, product, branch=refusal.branch, limit=limit)
            if refusal and refusal.branch in kept
            else ()
        )
    if as_json:
        print_json({"address": product.address, "refused": found.refused, "refusal": refusal, "checks": list(checks)})
    elif refusal is None:
        console.print(f"[green]nothing of {product.address} was refused[/]", highlight=False)
    else:
        console.print(f"[bold]{product.address}[/] refused {refusal.at:%Y-%m-%d %H:%M:%S} UTC, run {refusal.run_id}")
        for reason in refusal.reasons:
            console.print(f"· {reason}", markup=False, highlight=False)
        for check in checks:
            _print_rows(check, first=product.primary_key)
        if not found.refused:
            console.print(
                f"[green]published again since[/], {found.published_at:%Y-%m-%d %H:%M:%S} UTC", highlight=False
            )
    raise typer.Exit(1 if found.refused else 0)


def _print_rows(check: RejectedRows, *, first: tuple[str, ...]) -> None:
    """The rows as a table: what the check is about and the primary key first, other columns as far as they fit."""
    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal

    if not check.rows:
        console.print(f"[dim]{check.verdict.name}:[/] {check.note}", highlight=False)
        return
    wanted = [name for name in (check.verdict.column, *first) if name in check.columns]
    chosen = list(dict.fromkeys([*wanted, *check.columns]))[:COLUMNS]
    places = [check.columns.index(name) for name in chosen]
    table = Table(*chosen, title=check.verdict.name, title_justify="left")
    for row in check.rows:
        table.add_row(*(literal(row[place]) for place in places))
    console.print(table)
    if len(chosen) < len(check.columns):
        console.print(f"[dim]{len(chosen)} of {len(check.columns)} columns; --json prints all[/]", highlight=False)
