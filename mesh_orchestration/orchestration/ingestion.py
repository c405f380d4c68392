"""One asset an input port: what it landed in the domain's engine, and when it could not, why."""

# No postponed annotations here: Dagster reads the type of a step's `context`.
from collections.abc import Iterable
from typing import Any

import dagster as dg

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.deprecation import Deprecation, deprecation_of
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import options, upstream
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.errors import EngineError, MeshError, SourceError
from mesh_orchestration.inputs import IngestContext, Ingested, ingest
from mesh_orchestration.orchestration.automation import on_publication
from mesh_orchestration.orchestration.dbt_assets import pool
from mesh_orchestration.orchestration.deprecation import marked, warn
from mesh_orchestration.orchestration.discretion import discreet, holds_personal_data
from mesh_orchestration.orchestration.metadata import input_key, owners, product_key, same_columns, tags
from mesh_orchestration.orchestration.standing import refusal
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import span


def build_input_assets(settings: Settings, mesh: Mesh, domain: str) -> list[dg.AssetsDefinition]:
    """The ingestion assets of the domain, one a port, each a step of its own."""
    return [_input_asset(settings, mesh, domain, port) for port in mesh.ports(domain).values()]


def _input_asset(settings: Settings, mesh: Mesh, domain: str, port: InputPort) -> dg.AssetsDefinition:
    source = upstream(port)
    readers = [product for product in mesh.of(domain) if port in mesh.ports_of(product)]
    schema = _schema(mesh, port, source)
    spec = dg.AssetSpec(
        key=input_key(domain, port.name),
        deps=[product_key(source)] if source else [],
        description=_description(port, source),
        group_name=domain,
        owners=owners(readers),
        tags={**tags(domain), "mesh/port": port.type},
        kinds={settings.engine(domain), options(port).kind},
        metadata={"dagster/column_schema": schema} if schema else {},
        automation_condition=on_publication() if source else None,
    )

    going, personal = _going(mesh, source), holds_personal_data(mesh, domain)
    said = {"mesh.domain": domain, "mesh.port": port.name, "mesh.port_type": port.type, "mesh.reads": str(source or "")}

    def land(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warn(context, going, settings.now().date())
        refused = refusal(settings, source) if source else ()
        try:
            with (
                span(settings, f"land {domain}.{port.name}", said, run=context.run_id) as traced,
                discreet(personal),
                engine_for(settings, domain) as engine,
            ):
                request = IngestContext(settings, context.run_id, settings.now(), mesh)
                done = ingest(port, engine, context=request)
                traced.say({"mesh.rows": done.rows, "mesh.input_snapshot": str(done.input_snapshot or "")})
        except (SourceError, EngineError) as error:
            raise _failure(port, error, refused) from error
        for warning in done.warnings:
            context.log.warning(warning)
        return dg.MaterializeResult(metadata=_metadata(mesh, done, source, refused))

    name = f"{domain}__input__{port.name}"
    return dg.multi_asset(name=name, specs=[marked(spec, going)], pool=pool(domain), op_tags=tags(domain))(land)


def _going(mesh: Mesh, source: Address | None) -> tuple[Deprecation, ...]:
    """The deprecation of the product that a port reads, if it is deprecated."""
    product = mesh.products.get(source) if source else None
    found = deprecation_of(product, mesh.products) if product else None
    return (found,) if found else ()


def _description(port: InputPort, source: Address | None) -> str:
    otherwise = f"The published snapshot of {source}." if source else f"Input port of type {port.type}."
    return f"{port.description or otherwise}\n\nLands in `landing__{port.name}`."


def _schema(mesh: Mesh, port: InputPort, source: Address | None) -> dg.TableSchema | None:
    if source:
        product = mesh.products.get(source)
        columns = {field.name: str(field.logical_type) for field in product.fields} if product else {}
    else:
        columns = {str(name): str(kind) for name, kind in dict(port.options.get("columns", {})).items()}
    return dg.TableSchema([dg.TableColumn(name, type=kind) for name, kind in columns.items()]) if columns else None


def _metadata(mesh: Mesh, done: Ingested, source: Address | None, refused: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "mesh/rows_landed": done.rows,
        "mesh/batches": dg.MetadataValue.json(list(done.batches)),
        "mesh/watermark": done.watermark,
    }
    if done.input_snapshot is not None:
        found["mesh/input_snapshot"] = str(done.input_snapshot)
    if done.warnings:
        found["mesh/warnings"] = _bullets(done.warnings)
    if refused:
        found["mesh/upstream_refused"] = _bullets(refused)
    if source and (product := mesh.products.get(source)):
        found["dagster/column_lineage"] = same_columns(product.columns, product_key(source))
    return found


def _failure(port: InputPort, error: MeshError, refused: tuple[str, ...]) -> dg.Failure:
    """The failure of the step, with why the product upstream was refused when it was."""
    source = upstream(port)
    why = f" The newest publication of {source} was refused: {'; '.join(refused)}." if refused else ""
    metadata = {"mesh/port": port.name, "mesh/reasons": _bullets((str(error), *refused))}
    if source:
        metadata["mesh/upstream"] = dg.MetadataValue.text(str(source))
    return dg.Failure(description=f"{error}{why}", metadata=metadata)


def _bullets(lines: Iterable[str]) -> dg.MetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in lines))
