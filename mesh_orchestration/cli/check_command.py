"""``mesh check``: the contract against the mart as it stands in the domain's engine; nothing is written."""

from __future__ import annotations

from typing import Annotated

import typer

from mesh_orchestration.errors import EngineError
from mesh_orchestration.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("check", epilog="Example: mesh check orders.order_lines --json")(check)


def check(
    address: Annotated[str, typer.Argument(help="domain.product or domain.product.v<major>.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print Great Expectations' result of each check.")] = False,
) -> None:
    """Ask the engine whether the mart would pass the audit now. Exit 1 when a blocking check fails."""
    from rich.table import Table

    from mesh_orchestration.audit import SqlData, audit
    from mesh_orchestration.audit.gx import to_gx
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal, print_json
    from mesh_orchestration.compile.checks import contract_checks
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.engines.base import engine_for

    settings = Settings.load()
    product = load_mesh(settings).product(address)
    masks = {field.name: field.mask for field in product.fields if field.mask}
    with engine_for(settings, product.domain) as engine:
        try:
            engine.execute(f"select 1 from {engine.relation(product.model)} limit 0")
        except EngineError as error:
            raise EngineError(
                f"{product.address} has no mart to check ({error}); build it with: mesh run {address}"
            ) from None
        data = SqlData(engine.dialect, engine.relation(product.model), engine.execute)
        results = audit(contract_checks(product), data, now=settings.now(), masks=masks)
    if as_json:
        print_json([{"check": result.check.name, **to_gx(result)} for result in results])
    else:
        table = Table("check", "severity", "outcome", "unexpected", "sample (masked)")
        for result in results:
            colour = "green" if result.success else "red" if result.blocks else "yellow"
            table.add_row(
                result.check.name.removeprefix("contract__"),
                result.check.severity,
                f"[{colour}]{'kept' if result.success else 'broken'}[/]",
                "" if result.unexpected_count is None else f"{result.unexpected_count:,}",
                literal(result.exception or ", ".join(str(value) for value in result.sample[:5])),
            )
        console.print(table)
    raise typer.Exit(1 if any(result.blocks for result in results) else 0)
