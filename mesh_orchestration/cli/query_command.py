"""``mesh query``: read-only SQL over what is published."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "query", epilog='Example: mesh query "select count(*) from orders.order_lines" --as-of 2026-11-20T06:00:00'
    )(query)


def query(  # noqa: PLR0913 (each is an option of the command)
    sql: Annotated[str, typer.Argument(help="One SELECT; a product is domain.product or domain.product.v1.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="A snapshot id, or a time (ISO 8601, UTC).")] = None,
    role: Annotated[str, typer.Option(help="The role to read in; MESH_ROLE, or analyst, when left out.")] = "",
    purpose: Annotated[str, typer.Option(help="What for; MESH_PURPOSE when left out.")] = "",
    attribute: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for rules that ask for it.")] = None,
    limit: Annotated[int, typer.Option(help="Rows to print as a table; --json and --csv print all.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
) -> None:
    """Run SQL (DuckDB's dialect) over published snapshots: nothing can be written, no other file can be read.

    You see what the policies let your role see: masked columns are text, and each read is logged (mesh audit).
    """
    from mesh_orchestration.cli.app import errors
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.reader import local_reader
    from mesh_orchestration.publication.query import run_query
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    reader = local_reader(settings, role=role, purpose=purpose, attributes=attribute or ())
    answer = run_query(settings, load_mesh(settings), sql, reader=reader, as_of=as_of)
    names, rows = answer.names, answer.rows
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(rows)
    else:
        _print_table(names, rows, limit)
    for address, masks in answer.masked.items():
        said = ", ".join(f"{name} ({mask})" for name, mask in masks.items())
        unkeyed = "" if settings.masking_key else "; MESH_MASKING_KEY is not set, so all are redacted"
        errors.print(f"[dim]masked in {address} for {reader.role}: {said}{unkeyed}[/]", highlight=False)


def _print_table(names: Sequence[str], rows: Sequence[tuple[Any, ...]], limit: int) -> None:
    from rich.table import Column, Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal

    table = Table(*(Column(literal(name)) for name in names))
    for row in rows[:limit]:
        table.add_row(*map(literal, row))
    console.print(table)
    if len(rows) > limit:
        console.print(f"[dim]{limit} of {len(rows)} rows; --limit {len(rows)}, --csv or --json print more[/]")
