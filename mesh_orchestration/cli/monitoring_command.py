"""``mesh monitoring``: what Prometheus and Grafana need, from the contracts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

monitoring_app = typer.Typer(
    name="monitoring",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Write alert rules and dashboards for the metrics that mesh serve shows at /metrics.",
    epilog="Example: mesh monitoring rules -o deploy/monitoring/rules",
)
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="The folder to write to; the files are printed when left out.")
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file of the folder is stale.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was written, or is stale, as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    monitoring_app.command("rules", epilog="Example: mesh monitoring rules -o deploy/monitoring/rules --check")(rules)
    monitoring_app.command("dashboards", epilog="Example: mesh monitoring dashboards -o deploy/monitoring/dashboards")(
        dashboards
    )
    app.add_typer(monitoring_app)


def rules(output: Output = None, check: Check = False, as_json: AsJson = False) -> None:
    """Write Prometheus alert rules: a file a domain, and one for what serves the mesh."""
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.monitoring.rules import HEADER, rule_files
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    _deliver(rule_files(settings, load_mesh(settings)), output, mark=HEADER, check=check, as_json=as_json)


def dashboards(output: Output = None, check: Check = False, as_json: AsJson = False) -> None:
    """Write Grafana dashboards: one a domain, and one of the whole mesh."""
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.monitoring.dashboards import WRITTEN_BY, dashboard_files
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    _deliver(dashboard_files(settings, load_mesh(settings)), output, mark=WRITTEN_BY, check=check, as_json=as_json)


def _deliver(files: Mapping[str, str], output: Path | None, *, mark: str, check: bool, as_json: bool) -> None:
    """Print the files, write them, or say which are stale."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.errors import SettingsError
    from mesh_orchestration.monitoring.written import stale, write

    if output is None:
        if check:
            raise SettingsError("--check compares a folder; name it with --output")
        if as_json:
            return print_json(files)
        return typer.echo("---\n".join(files.values()), nl=False)
    found = stale(output, files, mark=mark)
    if not check:
        write(output, found)
    if as_json:
        print_json({"stale" if check else "written": [{"path": str(one.path), "kind": one.kind} for one in found]})
    else:
        for one in found:
            word = one.kind if check else "removed" if one.text is None else "written"
            console.print(f"{word} {one.path}", markup=False, highlight=False)
        if not found:
            console.print(f"everything in {output} is up to date", markup=False, highlight=False)
    raise typer.Exit(1 if check and found else 0)
