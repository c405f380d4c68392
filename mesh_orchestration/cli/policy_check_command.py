"""``mesh policy check``: what the guardrails say of everything that this mesh consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.governance.decide import Verdict


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("check", epilog="Example: mesh policy check --domain orders")(check)


def check(
    domain: Annotated[str, typer.Option("--domain", help="Only what belongs to this domain.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Every verdict on contracts, project files and deployments, waived and dry ones too; exit 1 when one denies."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.guardrails import Guardrails
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    mesh = load_mesh(settings).require(domain or None)
    with Guardrails(settings) as guardrails:
        verdicts = guardrails.everything(mesh)
        bundle, rules = guardrails.bundle.hash, len(guardrails.bundle.rules)
    verdicts = tuple(verdict for verdict in verdicts if domain in ("", verdict.domain))
    denied = sum(verdict.denies for verdict in verdicts)
    if as_json:
        print_json({"bundle": bundle, "rules": rules, "denied": denied, "verdicts": list(verdicts)})
    else:
        if verdicts:
            _print(verdicts)
        outcome = f"[red]{denied} denied[/]" if denied else "[green]nothing denied[/]"
        console.print(f"{outcome} [dim](bundle {bundle[:12]}, {rules} rules)[/]", highlight=False)
    raise typer.Exit(1 if denied else 0)


def _print(verdicts: tuple[Verdict, ...]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from mesh_orchestration.cli.app import console

    table = Table("outcome", "code", "about", "finding", box=None, header_style="bold")
    colours = {"deny": "red", "warn": "yellow", "waived": "cyan", "dry-run": "dim"}
    for one in verdicts:
        said = f"{one.path}: {one.message}" if one.path else one.message
        said += f" (waived by {one.waiver})" if one.outcome == "waived" else ""
        table.add_row(f"[{colours[one.outcome]}]{one.outcome}[/]", one.code, one.subject, escape(said))
    console.print(table)
