"""``mesh audit``: what was decided, for whom and by which rules; and whether the record of it is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from mesh_orchestration.cli.options import AsJson

audit_app = typer.Typer(
    name="audit",
    invoke_without_command=True,
    rich_markup_mode="rich",
    help="Show the log of decisions, newest last; 'mesh audit verify' proves that it is whole.",
)


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    audit_app.callback(epilog="Example: mesh audit --product orders.orders --verdict deny --limit 20")(show)
    audit_app.command("verify", epilog="Example: mesh audit verify")(verify)
    app.add_typer(audit_app)


def show(
    context: typer.Context,
    product: Annotated[str, typer.Option(help="Only on this product: domain.product or domain.product.v<major>.")] = "",
    who: Annotated[str, typer.Option(help="Only decisions for this person or service.")] = "",
    point: Annotated[str, typer.Option(help="Only decisions at merge, load, publish, read or erase.")] = "",
    verdict: Annotated[str, typer.Option(help="Only allow, or only deny.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the log of decisions, newest last."""
    if context.invoked_subcommand:
        return
    from collections import deque

    from rich.table import Table

    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.decision_log import DecisionLog
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    subject = str(load_mesh(settings).addressed(product)) if product else ""
    wanted = {"subject": subject, "who": who, "point": point, "verdict": verdict}
    asked = {key: value for key, value in wanted.items() if value}
    found = (
        record
        for record in DecisionLog(settings).records()
        if all(getattr(record.decision, key) == value for key, value in asked.items())
    )
    records = deque(found, maxlen=limit)
    if as_json:
        print_json({"decisions": [{"seq": one.seq, "at": one.at, **vars(one.decision)} for one in records]})
        return
    table = Table("at", "point", "verdict", "subject", "who", "role", "rules", "reason", box=None, header_style="bold")
    for record in records:
        said = record.decision
        colour = "red" if said.verdict == "deny" else "green"
        at = record.at.strftime("%Y-%m-%d %H:%M:%S")
        row = (at, said.point, f"[{colour}]{said.verdict}[/]", said.subject, said.who, said.role)
        table.add_row(*row, " ".join(said.rules), said.reason)
    console.print(table if records else "nothing was decided yet that matches")


def verify(as_json: AsJson = False) -> None:
    """Walk the whole chain of decisions; exit 1 at the first record that was changed, taken out or put in."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.governance.decision_log import DecisionLog
    from mesh_orchestration.settings import Settings

    found = DecisionLog(Settings.load()).verify()
    if as_json:
        print_json(found)
    elif found.problem:
        console.print(f"[red]broken[/] after {found.records} records: {found.problem}", highlight=False)
    else:
        console.print(f"[green]whole[/]: {found.records} records, head {found.head}", highlight=False)
    raise typer.Exit(1 if found.problem else 0)
