"""``mesh compile``: write (or check) the files that follow from the contracts."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compile", epilog="Example: mesh compile --check")(compile_)


def compile_(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the files as JSON.")] = False,
) -> None:
    """Write what is generated from the contracts: dbt sources and model contracts, the JSON Schema for editors."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.compile import dbt
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    mesh = load_mesh(settings)
    mesh.require()
    files = dbt.stale(mesh, settings.root) if check else dbt.write(mesh, settings.root)
    names = [str(path.relative_to(settings.root)) for path in files]
    if as_json:
        print_json({"stale" if check else "written": names})
    else:
        for name in names:
            console.print(f"{'[red]stale[/]' if check else '[green]written[/]'} {name}", highlight=False)
        if not names:
            console.print("[green]everything generated is up to date[/]")
        elif check:
            console.print("run [bold]mesh compile[/] and commit the result")
    raise typer.Exit(1 if check and names else 0)
