"""``mesh lint``: every finding in the contracts, without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("lint", epilog="Example: mesh lint contracts/orders --json")(lint)


def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; all contracts when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check the contracts and what they refer to: file, line, YAML path, what is wrong, the nearest right word.

    Warnings (a product that is read although it is deprecated) do not fail the command."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.lint import lint as findings
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.impact.advice import advice
    from mesh_orchestration.settings import Settings

    settings, wanted = Settings.load(), tuple(path.resolve() for path in paths or ())
    mesh = load_mesh(settings)
    told = advice(mesh, settings.root, settings.now().date(), wanted)
    errors = {one.problem for one in told if one.severity == "error"}
    problems = sorted({*findings(settings, wanted, mesh=mesh), *errors})
    warnings = [one.problem for one in told if one.severity == "warning"]
    if as_json:
        print_json({"problems": problems, "warnings": warnings})
    else:
        for problem in problems:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        for warning in warnings:
            console.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)
        said = f"[red]{len(problems)} findings[/]" if problems else "[green]no findings[/]"
        console.print(f"{said}, [yellow]{len(warnings)} warnings[/]" if warnings else said)
    raise typer.Exit(1 if problems else 0)
