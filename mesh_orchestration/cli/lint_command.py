"""``mesh lint``: every finding before anything runs, without starting anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from mesh_orchestration.errors import Problem


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("lint", epilog="Example: mesh lint contracts/orders --format github")(lint)


def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; everything when left out.")] = None,
    format_: Annotated[
        Literal["text", "json", "github"],
        typer.Option("--format", help="github: notes at the lines of a pull request in GitHub Actions."),
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Check the contracts, what they refer to, and what the policies ask of contracts, project files and deployments.

    Each finding has its file, line, YAML path and fix. Warnings (a product that is read although it is deprecated, a
    rule that only advises) do not fail the command.
    """
    from mesh_orchestration.contract.backtracking import backtracking
    from mesh_orchestration.contract.lint import lint as findings
    from mesh_orchestration.contract.lint import within
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.findings import policy_problems
    from mesh_orchestration.governance.remote import starting
    from mesh_orchestration.impact.advice import advice
    from mesh_orchestration.settings import Settings

    settings, wanted = Settings.load(), tuple(path.resolve() for path in paths or ())
    with starting(settings) as engine:
        mesh = load_mesh(settings)
        judged = policy_problems(settings, mesh, engine)
    denied, advised = (within(found, settings.root, wanted) for found in judged)
    told = advice(mesh, settings.root, settings.now().date(), wanted)
    errors = {one.problem for one in told if one.severity == "error"}
    problems = sorted({*findings(settings, wanted, mesh=mesh), *errors, *denied})
    slow = within(backtracking(mesh, settings.root), settings.root, wanted)
    warnings = sorted({*(one.problem for one in told if one.severity == "warning"), *advised, *slow})
    if as_json or format_ == "json":
        from mesh_orchestration.cli.output import print_json

        print_json({"problems": problems, "warnings": warnings})
    elif format_ == "github":
        for level, listed in (("error", problems), ("warning", warnings)):
            for problem in listed:
                typer.echo(_annotation(problem, level))
    else:
        _print(problems, warnings)
    raise typer.Exit(1 if problems else 0)


def _print(problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
    from mesh_orchestration.cli.app import console

    for problem in problems:
        console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
    for warning in warnings:
        console.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)
    said = f"[red]{_counted(problems, 'finding')}[/]" if problems else "[green]no findings[/]"
    console.print(f"{said}, [yellow]{_counted(warnings, 'warning')}[/]" if warnings else said)


def _counted(problems: Sequence[Problem], word: str) -> str:
    return f"{len(problems)} {word}{'' if len(problems) == 1 else 's'}"


def _annotation(problem: Problem, level: str) -> str:
    """A workflow command of GitHub Actions; see "Workflow commands" in its documentation for what is escaped."""
    file = _escaped(problem.file).replace(":", "%3A").replace(",", "%2C")
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    return f"::{level} file={file},line={problem.line},title=mesh lint::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
