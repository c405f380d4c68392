"""``mesh policy propose``: whether a change of the policies only tightens, and who is affected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.planning.policy_change import PolicyChange

SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("propose", epilog="Example: mesh policy propose --against origin/main")(propose)


def propose(
    against: Annotated[
        str | None,
        typer.Option(help="A commit, branch or tag; REF... for the merge base with it. Default: that with main."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare the policies of the working tree with a commit's: what tightens, what loosens, who is affected.

    Exit 1 when something loosens, or may; 2 without git or such a commit. Waivers are left aside."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.planning.policy_change import policy_change
    from mesh_orchestration.settings import Settings

    found = policy_change(Settings.load(), against)
    if as_json:
        print_json(
            {
                "against": found.against,
                "before": found.before,
                "after": found.after,
                "loosens": found.loosens,
                "inputs": found.inputs,
                "changes": list(found.shifts),
                "affected": list(found.affected),
            }
        )
    else:
        _print(found)
    raise typer.Exit(1 if found.loosens else 0)


def _print(found: PolicyChange) -> None:
    from rich.markup import escape

    from mesh_orchestration.cli.app import console

    colours = {"tightens": "green", "same": "dim", "unclear": "yellow", "loosens": "red"}
    if not found.shifts:
        console.print(f"[green]nothing changes a decision[/] (against {escape(found.against)})", highlight=False)
        return
    for shift in found.shifts:
        console.print(
            f"[{colours[shift.effect]}]{shift.effect:9}[/] {shift.about} {escape(shift.said)}", highlight=False
        )
    console.print(f"\n{len(found.affected)} affected among {found.inputs} known inputs", highlight=False)
    for one in found.affected[:SHOWN]:
        mark = "[red]lighter[/] " if one.lighter else "[green]stricter[/]"
        text = escape(f"{one.code} {one.subject}: {one.before} → {one.after}")
        console.print(f"  {mark} {text}", highlight=False, soft_wrap=True)
    if len(found.affected) > SHOWN:
        console.print(f"  … and {len(found.affected) - SHOWN} more; --json has all", highlight=False)
    outcome = "[red]it loosens[/]" if found.loosens else "[green]it only tightens[/]"
    console.print(f"{outcome} (against {escape(found.against)})", highlight=False)
