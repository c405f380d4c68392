"""The dbt project of a domain as one subsettable multi-asset, with dbt's tests as asset checks."""

# No postponed annotations here: Dagster reads the type of a step's `context`.
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import build_dbt_specs

from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.errors import ContractError, Problem, SettingsError
from mesh_orchestration.orchestration import provenance
from mesh_orchestration.orchestration.automation import on_publication
from mesh_orchestration.orchestration.columns import ColumnLineage, read_relations
from mesh_orchestration.orchestration.discretion import discreet
from mesh_orchestration.orchestration.invocation import call
from mesh_orchestration.orchestration.metadata import input_key, model_key, owners, tags
from mesh_orchestration.orchestration.project import Project
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import Span, span

SOURCE = "landing"


class DomainTranslator(DagsterDbtTranslator):  # type: ignore[misc]  # dagster-dbt is not type-checked here
    """Names dbt's nodes: models ``[domain, "dbt", model]``, landing tables ``[domain, "input", port]``."""

    def __init__(self, domain: str, products: Iterable[DataProduct]) -> None:
        super().__init__()
        self.domain = domain
        self.marts = {product.model: product for product in products}

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] != "source":
            return model_key(self.domain, name)
        if dbt_resource_props["source_name"] != SOURCE:
            raise SettingsError(
                f"dbt project of {self.domain}: source '{dbt_resource_props['source_name']}.{name}' does not come from "
                f"an input port; declare the port in a contract of the domain and use source('{SOURCE}', '<port>')"
            )
        return input_key(self.domain, name)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        del dbt_resource_props
        return self.domain

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        return {**super().get_tags(dbt_resource_props), **tags(self.domain)}

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        mart = self.marts.get(dbt_resource_props["name"])
        return owners([mart] if mart else self.marts.values())


def build_dbt_assets(
    settings: Settings, project: Project, products: Iterable[DataProduct], *, triggers: Set[dg.AssetKey]
) -> dg.AssetsDefinition:
    """The multi-asset that runs ``dbt build`` on whatever part of it a run selects.

    Models downstream of ``triggers`` (the inputs from other products) run by themselves with these.
    """
    domain, products = project.domain, tuple(products)
    translator = DomainTranslator(domain, products)
    specs, check_specs = build_dbt_specs(
        translator=translator,
        manifest=project.manifest(),
        select="fqn:*",
        exclude="",
        selector="",
        io_manager_key=None,
        project=None,
    )
    _refuse_missing_marts(project, products, specs)

    def build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from run_step(settings, project, translator, context)

    return dg.multi_asset(
        name=f"{domain}_dbt",
        specs=_automated(specs, triggers),
        check_specs=check_specs,
        can_subset=True,
        pool=pool(domain),
        op_tags=tags(domain),
    )(build)


def _automated(specs: Sequence[dg.AssetSpec], triggers: Set[dg.AssetKey]) -> list[dg.AssetSpec]:
    reached = downstream({spec.key: {dep.asset_key for dep in spec.deps} for spec in specs}, triggers)
    condition = on_publication()
    return [spec.replace_attributes(automation_condition=condition) if spec.key in reached else spec for spec in specs]


def downstream(deps: Mapping[dg.AssetKey, Set[dg.AssetKey]], sources: Set[dg.AssetKey]) -> set[dg.AssetKey]:
    """The keys of ``deps`` that depend on one of ``sources``, directly or through others."""
    reached = set(sources)
    while found := {key for key, needed in deps.items() if key not in reached and needed & reached}:
        reached |= found
    return reached & set(deps)


def pool(domain: str) -> str:
    """The pool that admits one writer at a time to the domain's engine."""
    return f"engine_{domain}"


def run_step(
    settings: Settings, project: Project, translator: DomainTranslator, context: dg.AssetExecutionContext
) -> Iterator[Any]:
    """Run dbt on the selected models and tests and yield an event for each of them.

    Also when dbt fails: what it built is reported first, then the step fails with dbt's words.
    """
    engine = engine_for(settings, project.domain)
    with discreet(project.discreet), engine:
        inputs = provenance.landed(engine, _ports(project.manifest()))
        for port in inputs:
            engine.check_landing(port)
    with tempfile.TemporaryDirectory(prefix="dbt-") as folder:
        with span(
            settings, f"dbt build {project.domain}", {"mesh.domain": project.domain}, run=context.run_id
        ) as traced:
            invocation = call(settings, project, ["build"], context=context, target=Path(folder))
            events, error = _drain(invocation.stream())
            _trace_nodes(traced, Path(folder))
            if error is not None:
                traced.fail(type(error).__name__)
        nodes = project.manifest()["nodes"]
        built = {_unique_id(event): nodes[_unique_id(event)]["alias"] for event in events if _is_model(event)}
        with engine:
            relations = read_relations(engine, built.values())
        lineage = ColumnLineage(project, translator, relations)
        for event in events:
            if _is_model(event):
                unique_id = _unique_id(event)
                added = relations.metadata(built[unique_id]) | lineage.metadata(unique_id, Path(folder))
                added |= lineage.sql(unique_id, Path(folder))
                added[provenance.METADATA_KEY] = dg.MetadataValue.json(inputs)
                event = event.with_metadata({**event.metadata, **added})
            yield event
        lineage.save()
    yield from _unanswered(context, events)
    if error is not None:
        raise error


def _drain(stream: Iterator[Any]) -> tuple[list[Any], Exception | None]:
    """All events first: the engine cannot be read while dbt writes it."""
    events: list[Any] = []
    try:
        events.extend(stream)
    except Exception as error:
        return events, error
    return events, None


def _trace_nodes(traced: Span, target: Path) -> None:
    """A span for each model and test that dbt ran, with the times that dbt tells of it."""
    told = target / "run_results.json"
    if not traced.is_recorded or not told.is_file():
        return
    for result in json.loads(told.read_text(encoding="utf-8"))["results"]:
        said = [one[key] for one in result["timing"] for key in ("started_at", "completed_at") if one[key]]
        times = [datetime.fromisoformat(moment) for moment in said]
        if times:
            kind, _, name = str(result["unique_id"]).partition(".")
            failed = result["status"] if result["status"] in ("error", "fail", "runtime error") else ""
            about = {"dbt.unique_id": result["unique_id"], "dbt.status": result["status"]}
            traced.past(f"{kind} {name.split('.')[1]}", min(times), max(times), about, failure=failed)


def _is_model(event: Any) -> bool:
    return isinstance(event, dg.Output)


def _unique_id(event: Any) -> str:
    return str(event.metadata["unique_id"].value)


def _unanswered(context: dg.AssetExecutionContext, events: Iterable[Any]) -> Iterator[dg.AssetCheckResult]:
    """A failed result for each selected check that dbt did not run; Dagster would take silence as success."""
    answered = {(event.asset_key, event.check_name) for event in events if isinstance(event, dg.AssetCheckResult)}
    for key in context.selected_asset_check_keys:
        if (key.asset_key, key.name) not in answered:
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=False,
                metadata={"reason": "dbt did not run this test, because something it depends on failed"},
            )


def _ports(manifest: Mapping[str, Any]) -> list[str]:
    return sorted(source["name"] for source in manifest["sources"].values() if source["source_name"] == SOURCE)


def _refuse_missing_marts(project: Project, products: Iterable[DataProduct], specs: Iterable[dg.AssetSpec]) -> None:
    """Raise ContractError for each product whose mart is not in the dbt project."""
    models = {spec.key.path[-1] for spec in specs}
    missing = [product for product in products if product.model not in models]
    if missing:
        raise ContractError(tuple(_missing_mart(project, product, models) for product in missing))


def _missing_mart(project: Project, product: DataProduct, models: Iterable[str]) -> Problem:
    root = project.directory.parent.parent
    source = read_source(Path(product.source), root=root)
    return source.problem(
        ("spec", "model") if product.spec.model else ("metadata", "name"),
        f"there is no dbt model '{product.model}' in {project.directory.relative_to(root)}/models"
        f"{suggestion(product.model, models)}; a product's rows come from the model of its name or spec.model",
    )
