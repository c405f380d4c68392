"""``mesh show``: one product, its contract in words, its publications, its checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.contract.mesh import Mesh
    from mesh_orchestration.contract.model import DataProduct, SchemaField
    from mesh_orchestration.impact.readers import Use
    from mesh_orchestration.storage.snapshots import Snapshot
    from mesh_orchestration.storage.stamp import Verdict

_READERS = ("product", "exposure", "declared")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("show", epilog="Example: mesh show orders.order_lines.v1")(show)


def show(
    address: Annotated[str, typer.Argument(help="domain.product or domain.product.v<major>.")],
    history: Annotated[int, typer.Option(help="Publications to list.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print contract, publications and checks as JSON.")] = False,
) -> None:
    """Explain a product: what one row is, who owns it, what it promises, and how its publications went."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.contract.deprecation import endings
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.impact.readers import readers
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import history as published
    from mesh_orchestration.storage.snapshots import rejected

    settings = Settings.load()
    mesh = load_mesh(settings)
    product = mesh.product(address)
    with open_lake(settings) as lake:
        snapshots = (*published(lake, product.address), *rejected(lake, product.address))
    snapshots = tuple(sorted(snapshots, key=lambda one: one.timestamp, reverse=True))
    today = settings.now().date()
    told = [one.says(today) for one in endings(product, mesh.upstream(product), mesh.products)]
    uses = [use for use in readers(mesh, settings.root, settings.home).of(product.address) if use.kind in _READERS]
    if as_json:
        contract = product.model_dump(mode="json", by_alias=True, exclude_none=True)
        said = {"address": str(product.address), "contract": contract, "snapshots": list(snapshots)}
        print_json(said | {"consumers": [use.consumer for use in uses], "deprecations": told})
        return
    _print_words(product, mesh, uses)
    for line in told:
        console.print(f"[yellow]{line}[/]", highlight=False)
    _print_fields(product)
    _print_history(snapshots[:history])
    _print_checks(product, snapshots[0] if snapshots else None)


def _print_words(product: DataProduct, mesh: Mesh, uses: Iterable[Use]) -> None:
    from mesh_orchestration.cli.app import console

    meta, spec = product.metadata, product.spec
    console.print(f"[bold]{product.address}[/]  version {meta.version}, {meta.status}  [dim]{product.source}[/]")
    console.print(meta.description, markup=False)
    support = f", ask in {spec.support.channel}" if spec.support.channel else ""
    console.print(f"Owned by {product.owner}{support}.", highlight=False)
    promises = [f"{name.replace('_', ' ')} {value}" for name, value in spec.sla.model_dump(exclude_none=True).items()]
    console.print(f"Promises: {', '.join(promises) or 'nothing yet'}.", highlight=False)
    reads = [f"{port.name} ({port.type})" for port in mesh.ports_of(product)]
    console.print(f"Reads: {', '.join(reads) or 'nothing'}.", highlight=False)
    names = [_reader(use, product) for use in uses]
    console.print(f"Read by: {', '.join(names) or 'nobody'}.", highlight=False, markup=False)


def _reader(use: Use, product: DataProduct) -> str:
    said = [use.type, "inside the domain" if use.kind == "product" and use.domain == product.domain else ""]
    return f"{use.consumer} ({', '.join(filter(None, said))})" if any(said) else use.consumer


def _print_fields(product: DataProduct) -> None:
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal

    table = Table("column", "type", "promise", "meaning", title="Columns", title_justify="left")
    for field in product.fields:
        table.add_row(field.name, field.type, literal(", ".join(_promises(field))), literal(field.description))
    console.print(table)


def _promises(field: SchemaField) -> list[str]:
    said = field.constraints.model_dump(exclude_defaults=True, exclude={"pii", "masking"})
    words = {"primary_key": "primary key", "null": "not null", "unique": "unique"}
    found = [words.get(name, f"{name.replace('_', ' ')} {value}") for name, value in said.items()]
    return found + ([f"PII, masked: {field.mask}"] if field.is_pii else [])


def _print_history(snapshots: tuple[Snapshot, ...]) -> None:
    from mesh_orchestration.cli.app import console

    table = Table(
        "when (UTC)", "outcome", "snapshot", "rows", "version", "checks", "run", title="Publications",
        title_justify="left",
    )  # fmt: skip
    for one in snapshots:
        good = sum(verdict.success for verdict in one.verdicts)
        table.add_row(
            f"{one.timestamp:%Y-%m-%d %H:%M:%S}",
            "[green]published[/]" if one.published else "[red]refused[/]",
            str(one.snapshot_id),
            f"{one.rows:,}",
            one.contract_version,
            f"{good}/{len(one.verdicts)}",
            one.run_id[:8],
        )
    console.print(table if snapshots else "[yellow]never published[/]; run it with mesh run")


def _print_checks(product: DataProduct, newest: Snapshot | None) -> None:
    """Every check of the contract, with what the newest publication found."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import literal
    from mesh_orchestration.compile.checks import contract_checks

    verdicts = {verdict.name: verdict for verdict in newest.verdicts} if newest else {}
    table = Table("check", "severity", "found", "outcome", title="Checks", title_justify="left")
    for check in contract_checks(product):
        verdict = verdicts.get(check.name)
        outcome = "" if verdict is None else "[green]kept[/]" if verdict.success else "[red]broken[/]"
        table.add_row(check.name.removeprefix("contract__"), check.severity, literal(_found(verdict)), outcome)
    console.print(table)


def _found(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    if verdict.unexpected_count is not None:
        return f"{verdict.unexpected_count:,} unexpected of {verdict.element_count or 0:,}"
    return "" if verdict.observed is None else str(verdict.observed)
