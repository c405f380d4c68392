"""Everything Dagster knows of one domain, made from its contracts and its dbt project."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import replace

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType

from mesh_orchestration.contract.deprecation import endings
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.governance.denials import denials
from mesh_orchestration.orchestration.automation import automation_sensor, on_publication
from mesh_orchestration.orchestration.dbt_assets import build_dbt_assets
from mesh_orchestration.orchestration.discretion import holds_personal_data
from mesh_orchestration.orchestration.ingestion import build_input_assets
from mesh_orchestration.orchestration.manifest import ensure_manifest
from mesh_orchestration.orchestration.metadata import input_key, model_key, tags
from mesh_orchestration.orchestration.products import build_denied_product, build_product_asset
from mesh_orchestration.orchestration.sla import cron_schedules
from mesh_orchestration.settings import Settings

EXTENSIONS = "mesh_orchestration.domains"
"""Where a domain may keep assets of its own, unless MESH_EXTENSIONS names another package."""


def build_domain(settings: Settings, mesh: Mesh, domain: str) -> dg.Definitions:
    """The definitions of one domain; a product that the policies deny is shown and cannot be run.

    Raises its ContractError when a contract of it is broken, MeshError when there is no such domain,
    EngineError when dbt cannot parse its project.
    """
    products = mesh.of(domain)
    parsed = ensure_manifest(settings, domain, parse=not _reconstructing())
    project = replace(parsed, discreet=holds_personal_data(mesh, domain))
    triggers = {input_key(domain, port.name) for port in mesh.ports(domain).values() if upstream(port)}
    models = build_dbt_assets(settings, project, products, triggers=triggers)
    moved = {spec.key for spec in models.specs if spec.automation_condition is not None}
    condition = on_publication()
    denied = denials(settings, mesh, products)
    runnable = [
        *build_input_assets(settings, mesh, domain),
        models,
        *(
            build_product_asset(
                settings,
                product,
                automation=condition if model_key(domain, product.model) in moved else None,
                endings=endings(product, mesh.upstream(product), mesh.products),
            )
            for product in products
            if product.address not in denied
        ),
    ]
    shown = [
        build_denied_product(
            settings,
            product,
            denied[product.address],
            endings=endings(product, mesh.upstream(product), mesh.products),
        )
        for product in products
        if product.address in denied
    ]
    own = dg.Definitions(
        assets=[*runnable, *shown],
        schedules=_schedules(mesh, domain, products, keys=[key for asset in runnable for key in asset.keys]),
        sensors=[automation_sensor(domain)] if triggers else [],
        executor=dg.in_process_executor,
    )
    added = _extension(settings, domain)
    return dg.Definitions.merge(own, added) if added else own


def _reconstructing() -> bool:
    """Whether this process only rebuilds what its code location has loaded, as run workers do."""
    return (
        DefinitionsLoadContext.is_set() and DefinitionsLoadContext.get().load_type is DefinitionsLoadType.RECONSTRUCTION
    )


def _schedules(
    mesh: Mesh, domain: str, products: Iterable[DataProduct], *, keys: Sequence[dg.AssetKey]
) -> list[dg.ScheduleDefinition]:
    """A schedule for a domain that has sources of its own; the others run when these publish.

    It asks Dagster's implicit job for the assets: a job of our own would be resolved over all of them
    once more, and one a product would make loading quadratic.
    """
    if all(upstream(port) for port in mesh.ports(domain).values()):
        return []
    crons = cron_schedules(products)
    if not crons:
        return []

    request = dg.RunRequest(asset_selection=list(keys), tags=tags(domain))
    return [
        dg.ScheduleDefinition(
            name=f"{domain}_schedule",
            job_name=IMPLICIT_ASSET_JOB_NAME,
            execution_fn=lambda _: request,
            cron_schedule=crons[0] if len(crons) == 1 else list(crons),
            execution_timezone="UTC",
            tags=tags(domain),
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"Everything of {domain}, often enough for its tightest freshness SLA.",
        )
    ]


def _extension(settings: Settings, domain: str) -> dg.Definitions | None:
    """What the module ``<package>.<domain>`` adds as ``defs``, if there is such a module."""
    name = f"{settings.get('MESH_EXTENSIONS', EXTENSIONS)}.{domain}"
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return importlib.import_module(name).defs if found else None
