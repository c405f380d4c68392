"""``mesh resync``: let an input port that follows a stream begin again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.contract.mesh import Mesh
    from mesh_orchestration.contract.model import InputPort


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("resync", epilog="Example: mesh resync orders.orders_db")(resync)


def resync(
    port: Annotated[str, typer.Argument(help="domain.port of a postgres-cdc or kafka input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was landed as JSON.")] = False,
) -> None:
    """Take a followed source in anew when its log or topic no longer continues what was landed.

    A PostgreSQL table is copied again; a topic is read again from the oldest message it has (in append mode
    the rows landed before stay). What was landed stays readable until the new rows replace it in one step.
    Exit 1 when the source refuses."""
    import uuid

    from mesh_orchestration.cli.app import console, errors
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.engines.base import engine_for
    from mesh_orchestration.inputs import IngestContext, ingest

    settings = Settings.load()
    mesh = load_mesh(settings)
    domain, chosen = _port(mesh, port)
    with engine_for(settings, domain) as engine:
        context = IngestContext(settings, f"resync-{uuid.uuid4()}", settings.now(), mesh, resync=True)
        done = ingest(chosen, engine, context=context)
    for warning in done.warnings:
        errors.print(f"warning {warning}", markup=False, highlight=False)
    if as_json:
        print_json({"port": port, "rows": done.rows, "batches": list(done.batches), "watermark": done.watermark,
                    "warnings": list(done.warnings)})  # fmt: skip
    else:
        console.print(f"[green]landed[/] {done.rows} rows of {port}, read up to {done.watermark}", highlight=False)
        console.print(f"publish them with: mesh run {domain}", highlight=False)


def _port(mesh: Mesh, text: str) -> tuple[str, InputPort]:
    from mesh_orchestration.contract.wording import suggestion

    domain, _, name = text.partition(".")
    if domain not in mesh.domains or not name:
        raise SettingsError(
            f"'{text}' is not an input port; write domain.port{suggestion(domain, mesh.domains) if name else ''}"
        )
    ports = mesh.ports(domain)
    if name not in ports:
        raise SettingsError(f"domain {domain} has no input port '{name}'{suggestion(name, ports)}")
    return domain, ports[name]
