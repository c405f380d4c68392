"""``mesh lineage``: where a product comes from and goes to, and the same as OpenLineage events."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh_orchestration.cli.options import AsJson
from mesh_orchestration.errors import MeshError, SettingsError, StorageError
from mesh_orchestration.moments import in_utc
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from rich.tree import Tree

    from mesh_orchestration.impact.lineage import Step

lineage_app = typer.Typer(
    name="lineage",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Show what a product is made from and what is made from it; export and send it as OpenLineage events.",
    epilog="Example: mesh lineage show orders.order_lines --depth 2",
)
Since = Annotated[
    str, typer.Option("--since", help="From when on: a time (2026-11-20T06:00, UTC) or how long ago (36h, 7d).")
]


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    lineage_app.command("show", epilog="Example: mesh lineage show billing.daily_revenue --columns")(show)
    lineage_app.command("export", epilog="Example: mesh lineage export --since 7d -o lineage.ndjson")(export)
    lineage_app.command("replay", epilog="Example: mesh lineage replay --since 2026-11-20T06:00")(replay)
    app.add_typer(lineage_app)


def show(
    address: Annotated[str, typer.Argument(help="domain.product or domain.product.v<major>.")],
    depth: Annotated[int, typer.Option("--depth", min=0, help="How many steps up and down; 0 for all.")] = 0,
    columns: Annotated[bool, typer.Option("--columns", help="Show which column comes from which.")] = False,
    as_json: AsJson = False,
) -> None:
    """What a product is made from and what is made from it, across domains, from contracts and models."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.impact.lineage import downstream, upstream
    from mesh_orchestration.impact.readers import readers

    settings = Settings.load()
    mesh = load_mesh(settings)
    product = mesh.product(address)
    reading = readers(mesh, settings.root, settings.home)
    up, down = upstream(reading, product.address, depth), downstream(reading, product.address, depth)
    if as_json:
        print_json({"address": product.address, "owner": product.owner, "upstream": up, "downstream": down})
        return
    from mesh_orchestration.cli.app import console

    for title, steps in (("made from", up), ("read by", down)):
        tree = _tree(
            f"[bold]{product.address}[/] is {title}{'' if steps else ' nothing' if steps is up else ' nobody'}"
        )
        _grow(tree, steps, columns=columns)
        console.print(tree)


def export(
    since: Since = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; else standard output.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list in place of one event a line.")] = False,
) -> None:
    """The event log as OpenLineage events, one JSON document a line, as the sensor sends them."""
    from mesh_orchestration.orchestration.instance import open_instance
    from mesh_orchestration.orchestration.lineage_log import documents

    settings = Settings.load()
    moment = _moment(settings, since)
    with open_instance(settings) as instance:
        parts = documents(settings, instance, moment)
        if output is None:
            _write(parts, sys.stdout, as_list=as_json)
            return
        try:
            with output.open("w", encoding="utf-8") as file:
                count = _write(parts, file, as_list=as_json)
        except OSError as error:
            raise StorageError(f"{output} cannot be written: {error.strerror}") from error
    typer.echo(f"{count} events written to {output}", err=True)


def replay(since: Since, as_json: AsJson = False) -> None:
    """Send the events of the log again through the transport that OpenLineage's settings name.

    They have the ids they had, so a receiver that keeps ids takes none twice. Exit 1 when it does not take one."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.lineage.transport import EmissionError, Emitter
    from mesh_orchestration.orchestration.instance import open_instance
    from mesh_orchestration.orchestration.lineage_log import documents

    settings = Settings.load()
    moment = _moment(settings, since)
    emitter = Emitter.of(settings)
    if emitter is None:
        raise SettingsError(
            "nothing says where lineage goes; set e.g. OPENLINEAGE_URL=http://127.0.0.1:5000 or OPENLINEAGE_CONFIG"
        )
    sent = 0
    try:
        with open_instance(settings) as instance:
            for part in documents(settings, instance, moment):
                try:
                    emitter.send(part)
                except EmissionError as error:
                    raise MeshError(f"{sent + error.sent} events were sent, then: {error}") from error
                sent += len(part)
    finally:
        emitter.close()
    if as_json:
        return print_json({"sent": sent, "since": moment, "transport": emitter.kind})
    typer.echo(f"{sent} events sent by {emitter.kind}")
    return None


def _write(parts: Any, file: Any, *, as_list: bool) -> int:
    """Write the documents; returns how many."""
    import orjson

    count = 0
    for part in parts:
        for document in part:
            lead = ("[" if count == 0 else ",") if as_list else ""
            file.write(f"{lead}{orjson.dumps(document).decode()}\n")
            count += 1
    if as_list:
        file.write("]\n" if count else "[]\n")
    return count


def _moment(settings: Settings, text: str) -> datetime | None:
    """The time that ``--since`` names, UTC; None without one. Raises SettingsError for anything else."""

    from mesh_orchestration.contract.duration import parse_duration

    if not text:
        return None
    try:
        length: timedelta = parse_duration(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise SettingsError(
                f"--since {text}: neither a time such as 2026-11-20T06:00 nor how long ago, such as 36h or 7d"
            ) from None
        return in_utc(moment)
    return settings.now() - length


def _tree(title: str) -> Tree:
    from rich.tree import Tree

    return Tree(title, highlight=False)


def _grow(tree: Tree, steps: tuple[Step, ...], *, columns: bool) -> None:
    from rich.markup import escape

    for step in steps:
        owner = f", {escape(step.owner)}" if step.owner else ""
        branch = tree.add(f"[bold]{escape(step.name)}[/]  {step.kind}{owner}", highlight=False)
        for line in step.columns if columns else ():
            branch.add(f"{line.source} [dim]→[/] {line.column}", highlight=False)
        if step.why and columns:
            branch.add(f"[yellow]columns are not known[/]: {escape(step.why)}", highlight=False)
        _grow(branch, step.further, columns=columns)
