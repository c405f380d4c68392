"""``mesh apply``: bring lake and generated files to what the contracts say."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.planning.apply import Step
    from mesh_orchestration.planning.proposal import Proposal


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("apply", epilog="Example: mesh apply orders --against main --yes")(apply)


def apply(
    selection: Annotated[list[str] | None, typer.Argument(help="Addresses or domains; all when left out.")] = None,
    against: Annotated[str | None, typer.Option(help="As for mesh plan.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the steps.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Drop the table and all rows of this removed product. May be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the steps as JSON.")] = False,
) -> None:
    """Create namespaces and tables, evolve schemas, write generated files. Nothing is dropped that is not named.

    Exit 1 when the plan is refused. What was interrupted goes on where it stopped when it is run again.
    """
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.planning.apply import steps
    from mesh_orchestration.planning.proposal import propose
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    proposal = propose(settings, against)
    _refuse(proposal, as_json)
    found = steps(settings, proposal.now, only=selection or (), drop=drop or ())
    if not as_json:
        for step in found:
            console.print(step.says, markup=False, highlight=False, soft_wrap=True)
        if not found:
            console.print("[green]everything is as the contracts say[/]")
    done = bool(found) and not dry_run
    if done:
        _agree(len(found), yes, as_json)
        _make(proposal, found, quiet=as_json)
    if as_json:
        _print_json(found, done=done)


def _refuse(proposal: Proposal, as_json: bool) -> None:
    """Exit 1 with the reasons when the plan is refused."""
    from mesh_orchestration.cli.app import errors
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.planning.planner import plan_of

    plan = plan_of(proposal)
    if not plan.refused:
        return
    if as_json:
        print_json({"refused": True, "findings": list(plan.errors), "steps": []})
    for finding in plan.errors:
        errors.print(f"{finding.rule} {finding}", markup=False, highlight=False)
    errors.print("[bold red]error[/] the plan is refused, nothing was done; see mesh plan", highlight=False)
    raise typer.Exit(1)


def _agree(count: int, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to ask; give --yes to make the steps, or --dry-run to see them")
    typer.confirm(f"Make these {count} steps?", abort=True)


def _make(proposal: Proposal, found: Sequence[Step], *, quiet: bool) -> None:
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.planning.apply import Applying

    with Applying(proposal.settings, proposal.now) as applying:
        for number, step in enumerate(found, 1):
            applying.make(step)
            if not quiet:
                console.print(f"[green]done[/] {number}/{len(found)} {step.action} {step.target}", highlight=False)


def _print_json(found: Sequence[Step], *, done: bool) -> None:
    from mesh_orchestration.cli.output import print_json

    keys = ("action", "target", "says")
    steps = [{key: getattr(step, key) for key in keys} | {"done": done} for step in found]
    print_json({"refused": False, "findings": [], "steps": steps})
