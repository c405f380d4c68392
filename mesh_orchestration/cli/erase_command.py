"""``mesh erase``: a person leaves the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mesh_orchestration.privacy.search import Request
    from mesh_orchestration.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("erase", epilog='Example: mesh erase --subject 42 --reason "request of 2026-11-20" --yes')(erase)


def erase(
    subject: Annotated[str, typer.Option(help="The key that names the person, such as 42.")],
    column: Annotated[str, typer.Option(help="The column it stands in, when the mesh names several kinds.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it only what would go is shown.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go and change nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the proof and the log of decisions; no personal data.")] = "",
    role: Annotated[str, typer.Option(help="The role to act in; MESH_ROLE, or analyst, when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found, or the proof, as JSON.")] = False,
) -> None:
    """Erase a person from landed files, engines, every kept snapshot and the files behind them, and prove it.

    There is no way back. Giving the same erasure again goes on where a killed one stopped. Exit 0 when nothing is
    left; 1 when there is something to erase and --yes was not given, or when something is left.
    """
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.privacy.search import request
    from mesh_orchestration.privacy.subject import subject_of
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    carried_out = yes and not dry_run
    asked = request(settings, load_mesh(settings), subject_of(settings, subject, hashed=carried_out), column)
    done = _carry_out(settings, asked, reason, role, as_json=as_json) if carried_out else _show(asked, as_json=as_json)
    raise typer.Exit(0 if done else 1)


def _show(asked: Request, *, as_json: bool) -> bool:
    """Print what would go; whether that is nothing."""
    from mesh_orchestration.cli.access_report_command import print_found
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.privacy.search import search

    found = search(asked)
    if as_json:
        print_json({"subject": asked.subject.name, "column": asked.naming.column, "found": found})
    else:
        print_found(found)
        if found:
            console.print("[bold]nothing was changed[/]: give --yes to erase this; there is no way back")
    return not found


def _carry_out(settings: Settings, asked: Request, reason: str, role: str, *, as_json: bool) -> bool:
    """Erase, and print the proof; whether nothing is left."""
    from mesh_orchestration.cli.access_report_command import print_found
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.governance.reader import local_reader
    from mesh_orchestration.privacy.erase import Order
    from mesh_orchestration.privacy.erase import erase as carry_out

    def say(step: str) -> None:
        if not as_json:
            console.print(f"[dim]{step}[/]", highlight=False)

    proof = carry_out(Order(asked, local_reader(settings, role=role), reason, say))
    if as_json:
        print_json({**proof.json(), "path": proof.path})
    else:
        print_found(proof.before)
        _print_outcome(proof.verified, proof.said, proof.path)
        if proof.left:
            print_found(proof.left)
    return proof.verified


def _print_outcome(verified: bool, said: object, path: str) -> None:
    from mesh_orchestration.cli.app import console

    about = said if isinstance(said, dict) else {}
    files = about.get("files", [])
    deleted = sum(one["action"] == "deleted" for one in files)
    snapshots = sum(len(ids) for ids in about.get("snapshots_expired", {}).values())
    for address, one in about.get("published", {}).items():
        console.print(f"[green]published again[/] {address}: {one['rows']:,} rows", highlight=False)
        for broken in one["broken"]:
            console.print("  [yellow]its contract no longer holds:[/] ", end="")
            console.print(broken, markup=False, highlight=False)
    console.print(
        f"{snapshots} snapshots expired, {deleted} files deleted, {len(files) - deleted} landed files rewritten",
        highlight=False,
    )
    word = "[green]erased[/], nothing is left" if verified else "[red]not erased[/], this is left"
    console.print(f"{word}; proof: {path}", highlight=False, soft_wrap=True)
