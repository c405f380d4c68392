"""One asset a data product: the step writes, audits and publishes, and is materialised only when published."""

# No postponed annotations here: Dagster reads the type of a step's `context`.
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from mesh_orchestration.compile.checks import contract_checks
from mesh_orchestration.contract.deprecation import Deprecation
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.errors import PublicationConflict, PublicationRefused
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.governance.bundle import policy_files
from mesh_orchestration.governance.check import POLICY_CHECK
from mesh_orchestration.orchestration import provenance
from mesh_orchestration.orchestration.automation import with_its_asset
from mesh_orchestration.orchestration.dbt_assets import pool
from mesh_orchestration.orchestration.deprecation import marked, warn
from mesh_orchestration.orchestration.discretion import discreet
from mesh_orchestration.orchestration.metadata import (
    contract_metadata,
    model_key,
    owners,
    plain_json,
    product_key,
    same_columns,
    tags,
)
from mesh_orchestration.orchestration.sla import freshness_policy
from mesh_orchestration.orchestration.stamped import stamped
from mesh_orchestration.publication.retention import kept_since
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import Attributes, Span, Stages, span

if TYPE_CHECKING:
    from mesh_orchestration.publication.request import Publication

REFUSED = "mesh/refused"
"""Metadata of the failure of a step whose product was refused: the list of reasons."""
CONFLICT_RETRIES = 3
CONFLICT_WAIT_SECONDS = 2


def build_product_asset(
    settings: Settings,
    product: DataProduct,
    *,
    automation: dg.AutomationCondition | None,
    endings: Sequence[Deprecation] = (),
) -> dg.AssetsDefinition:
    """The asset of one product, with one check spec for each check of its contract; ``endings`` are the
    deprecations to tell of, its own and those of what it reads."""
    key = product_key(product.address)
    spec = _spec(settings, product, endings).replace_attributes(automation_condition=automation)

    def publish_product(context: dg.AssetExecutionContext) -> Iterator[Any]:
        warn(context, endings, settings.now().date())
        yield from publish_step(settings, product, context)

    return dg.multi_asset(
        name="__".join(product.address.asset_key),
        specs=[spec],
        check_specs=_check_specs(key, _checks(settings, product), automated=automation is not None),
        pool=pool(product.domain),
        op_tags=tags(product.domain, product),
    )(publish_product)


def build_denied_product(
    settings: Settings, product: DataProduct, reasons: Sequence[str], *, endings: Sequence[Deprecation] = ()
) -> dg.AssetSpec:
    """The asset of a product that the policies deny: it is shown with the reasons, and nobody can run it."""
    spec = _spec(settings, product, endings)
    told = "\n".join(f"- {reason}" for reason in reasons)
    return spec.replace_attributes(
        description=f"**Denied by the policies, so it cannot be run. Consumers keep the last good snapshot.**\n\n{told}"
        f"\n\n{spec.description}",
        metadata={**spec.metadata, "mesh/denied": dg.MetadataValue.md(told)},
        tags={**spec.tags, "mesh/denied": ""},
    )


def _spec(settings: Settings, product: DataProduct, endings: Sequence[Deprecation]) -> dg.AssetSpec:
    """What Dagster shows of a product."""
    spec = dg.AssetSpec(
        key=product_key(product.address),
        deps=[model_key(product.domain, product.model)],
        description=_description(product),
        group_name=product.domain,
        owners=owners([product]),
        tags=tags(product.domain, product),
        kinds={"iceberg", "parquet", "dataproduct"},
        code_version=product.version,
        metadata=contract_metadata(product, settings),
        freshness_policy=freshness_policy(product),
    )
    return marked(spec, endings, own=product.address)


def _checks(settings: Settings, product: DataProduct) -> tuple[Check, ...]:
    """The checks of the contract, and the one that stands for the policies, where there are any."""
    return (*contract_checks(product), *((POLICY_CHECK,) if policy_files(settings.root) else ()))


def _check_specs(key: dg.AssetKey, checks: Iterable[Check], *, automated: bool) -> list[dg.AssetCheckSpec]:
    specs = [check_spec(key, check) for check in checks]
    if automated and specs:
        specs[0] = specs[0]._replace(automation_condition=with_its_asset())
    return specs


def publish_step(settings: Settings, product: DataProduct, context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Write, audit and publish the product's mart; yields a result for each check, and a materialisation
    only when consumers have something new to read.

    Raises Failure with the reasons when the contract refuses what was written, and RetryRequested when
    somebody else published in between.
    """
    # Imported here, because a code location only describes; Iceberg and Arrow belong to run workers.
    from mesh_orchestration.publication.publish import publish
    from mesh_orchestration.publication.request import PublishRequest
    from mesh_orchestration.storage.catalog import open_lake

    key = product_key(product.address)
    inputs = _inputs(settings, product, context.instance)
    personal = any(field.mask for field in product.fields)
    try:
        with (
            span(settings, f"publish {product.address}", _traced(product), run=context.run_id) as traced,
            Stages(settings, context.log.debug) as stages,
            discreet(personal),
            open_lake(settings) as lake,
        ):
            request = PublishRequest(lake, context.run_id, settings.now(), input_snapshots=inputs, observer=stages)
            publication = publish(product, partial(_export, settings, product), request=request)
            _trace(traced, publication)
            said = stamped(lake, product, publication) | {provenance.METADATA_KEY: dg.MetadataValue.json(dict(inputs))}
    except PublicationConflict as conflict:
        raise dg.RetryRequested(CONFLICT_RETRIES, CONFLICT_WAIT_SECONDS) from conflict
    yield from _check_results(context, publication)
    if not publication.published:
        raise _refusal(publication, said)
    yield dg.MaterializeResult(asset_key=key, metadata=_published_metadata(product, publication) | said)


def _traced(product: DataProduct) -> Attributes:
    return {
        "mesh.domain": product.domain,
        "mesh.address": str(product.address),
        "mesh.contract_version": product.version,
        "mesh.contract_hash": product.fingerprint,
    }


def _trace(traced: Span, publication: "Publication") -> None:
    failed = [result.check.name for result in publication.results if not result.success]
    traced.say(
        {
            "mesh.published": publication.published,
            "mesh.snapshot": str(publication.snapshot_id or ""),
            "mesh.rows": publication.rows,
            "mesh.checks": len(publication.results),
            "mesh.checks_failed": failed,
        }
    )
    if not publication.published:
        traced.fail("refused")


def _check_results(context: dg.AssetExecutionContext, publication: "Publication") -> Iterator[dg.AssetCheckResult]:
    """One result for each selected check; without rows to judge (a drifted mart), a failed one that says so."""
    results = {result.check.name: result for result in publication.results}
    specs = {spec.key: spec for spec in context.assets_def.check_specs}
    for key in sorted(context.selected_asset_check_keys, key=lambda key: key.name):
        if key.name in results:
            yield check_result(key.asset_key, results[key.name])
            continue
        severity = dg.AssetCheckSeverity.ERROR if specs[key].blocking else dg.AssetCheckSeverity.WARN
        why = f"not evaluated: {'; '.join(publication.reasons)}"
        yield dg.AssetCheckResult(
            asset_key=key.asset_key, check_name=key.name, passed=False, severity=severity, description=why
        )


def _export(settings: Settings, product: DataProduct, directory: Path) -> Sequence[Path]:
    """The mart as Parquet files, without the rows that its contract no longer keeps.

    The engine is open only that long, because the audit does not need it."""
    with engine_for(settings, product.domain) as engine:
        return engine.export(product.model, product.fields, directory, since=kept_since(product, settings.now()))


def _inputs(settings: Settings, product: DataProduct, instance: dg.DagsterInstance) -> Mapping[str, Any]:
    """What the mart was built from: as its last build said, else what the landing tables hold now."""
    built = provenance.built_from(instance, model_key(product.domain, product.model))
    if built is None:
        with engine_for(settings, product.domain) as engine:
            built = provenance.landed(engine, product.input_names)
    return {port: built[port] for port in product.input_names if port in built}


def _refusal(publication: "Publication", said: Mapping[str, Any]) -> dg.Failure:
    return dg.Failure(
        description=str(PublicationRefused(str(publication.address), publication.reasons, branch=publication.branch)),
        metadata={
            REFUSED: dg.MetadataValue.json(list(publication.reasons)),
            "mesh/branch": publication.branch,
            "mesh/served_snapshot": str(publication.previous or "none"),
            **said,
        },
        allow_retries=False,
    )


def _published_metadata(product: DataProduct, publication: "Publication") -> dict[str, Any]:
    failed = sum(not result.success for result in publication.results)
    return {
        "dagster/row_count": publication.rows,
        "dagster/column_lineage": same_columns(product.columns, model_key(product.domain, product.model)),
        # Text: a browser rounds integers of this size.
        "mesh/snapshot_id": str(publication.snapshot_id),
        "mesh/previous_snapshot_id": str(publication.previous or ""),
        "mesh/checks_passed": len(publication.results) - failed,
        "mesh/checks_failed": failed,
    }


def _description(product: DataProduct) -> str:
    title = f"**{product.metadata.title}**\n\n" if product.metadata.title else ""
    return f"{title}{product.metadata.description}\n\nContract `{product.source}` {product.version}."


def check_spec(key: dg.AssetKey, check: Check) -> dg.AssetCheckSpec:
    """The check as Dagster lists it; only severity ``error`` blocks what is downstream."""
    return dg.AssetCheckSpec(
        name=check.name,
        asset=key,
        description=check.description or f"{check.expectation} ({check.path})",
        blocking=check.severity == "error",
        metadata={
            "expectation": check.expectation,
            "severity": check.severity,
            "kwargs": dg.MetadataValue.json(plain_json(check.kwargs)),
            "path": check.path,
        },
    )


def check_result(key: dg.AssetKey, result: CheckResult) -> dg.AssetCheckResult:
    """The outcome of one check with all that a reader needs to see why."""
    check = result.check
    said: dict[str, Any] = {
        "expectation": check.expectation,
        "column": check.column,
        "observed_value": result.observed_value,
        "threshold": check.mostly if "mostly" in check.kwargs else None,
        "rows": result.element_count,
        "missing_count": result.missing_count,
        "unexpected_count": result.unexpected_count,
        "sample": list(result.sample) or None,
        "details": dict(result.details) or None,
        "how": result.how or None,
        "exception": result.exception,
    }
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check.name,
        passed=result.success,
        severity=dg.AssetCheckSeverity.ERROR if check.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata={name: _metadata_value(value) for name, value in said.items() if value is not None},
        description=result.exception,
    )


def _metadata_value(value: Any) -> Any:
    plain = plain_json(value)
    if isinstance(plain, list | dict):
        return dg.MetadataValue.json(plain)
    return plain if not isinstance(plain, bool) else dg.MetadataValue.bool(plain)
