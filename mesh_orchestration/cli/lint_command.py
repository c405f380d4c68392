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
    """Check the contracts and what they refer to: file, line, YAML path, what is wrong, the nearest right word."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.lint import lint as findings
    from mesh_orchestration.settings import Settings

    problems = findings(Settings.load(), tuple(path.resolve() for path in paths or ()))
    if as_json:
        print_json({"problems": list(problems)})
    else:
        for problem in problems:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        console.print(f"[red]{len(problems)} findings[/]" if problems else "[green]no findings[/]")
    raise typer.Exit(1 if problems else 0)
