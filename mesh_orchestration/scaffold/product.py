"""``mesh new product``: the contract, the models and their tests of a new product, tried before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesh_orchestration.compile.sql_names import is_quoted
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.loader import CONTRACTS, contract_path, load_product, parse_product
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.errors import ContractError, MeshError
from mesh_orchestration.scaffold import sample
from mesh_orchestration.scaffold.answers import product_answers, record
from mesh_orchestration.scaffold.filters import words
from mesh_orchestration.scaffold.names import product_address
from mesh_orchestration.scaffold.ports import Port, Source, port_of, source_url_setting
from mesh_orchestration.scaffold.proof import prove
from mesh_orchestration.scaffold.render import ask, render
from mesh_orchestration.scaffold.result import Delivery, Result
from mesh_orchestration.scaffold.shape import Shape, from_draft, from_fields, from_product, masked, some_names
from mesh_orchestration.scaffold.sketch import Sketch, sketch_of
from mesh_orchestration.scaffold.workspace import with_location
from mesh_orchestration.settings import Settings

LEVELS: Mapping[str, Mapping[str, str]] = {
    "quarter-hourly": {"freshness": "15m", "availability": "99.9%", "completeness": "99.9%"},
    "hourly": {"freshness": "1h", "availability": "99.9%", "completeness": "99.9%"},
    "daily": {"freshness": "24h", "availability": "99.5%", "completeness": "99%"},
    "weekly": {"freshness": "7d", "availability": "99%", "completeness": "95%"},
}
"""What each class of service promises."""
_SOURCE = ("pattern", "upstream", "origin", "table", "topic")


def domains_of(settings: Settings, mesh: Mesh) -> tuple[str, ...]:
    """Every domain that has a contract or a dbt project."""
    projects = {path.parent.name for path in settings.dbt_dir.glob("*/dbt_project.yml")}
    return tuple(sorted({*mesh.domains, *projects}))


@dataclass(frozen=True)
class Asked:
    """What a person said of the product: where its rows come from, what its columns are, and the rest."""

    address: Address
    source: Source
    shape: Shape
    answers: Mapping[str, Any]


def new_product(settings: Settings, name: str, given: Mapping[str, str], *, interactive: bool = False) -> Result:
    """What a new product called ``name`` needs; ``given`` are answers by their question.

    Raises AnswerError for a name or answer that cannot be, ContractError when the domain's contracts have
    findings, SourceError when the source cannot be read as its own draft says.
    """
    mesh = load_mesh(settings)
    address = product_address(name, mesh, domains=domains_of(settings, mesh))
    if address.domain in mesh.broken:
        raise mesh.broken[address.domain]
    asked = _ask(settings, mesh, address, given=given, interactive=interactive)
    with sketch_of(settings, address.domain) as sketch:
        return _written(sketch, mesh, asked)


def _ask(settings: Settings, mesh: Mesh, address: Address, *, given: Mapping[str, str], interactive: bool) -> Asked:
    places = {key: given[key] for key in _SOURCE if given.get(key)} | _implied(given, mesh)
    products = [str(one) for one in mesh.products]
    context: dict[str, Any] = {"domain": address.domain, "product": address.product, "products": products}
    said = ask("source", context | places, interactive=interactive)
    upstream, table, topic = (str(said.get(key) or given.get(key, "")) for key in ("upstream", "table", "topic"))
    source = Source(str(said["pattern"]), address, upstream, table, topic)
    shape = _shape(settings, mesh, source, str(said.get("origin") or ""))
    context |= {
        "drafted": bool(shape),
        "drafted_key": ", ".join(shape.key) if shape else "",
        "drafted_time": shape.event_time if shape else "",
        "drafted_pii": ", ".join(f"{name}:{mask}" for name, mask in shape.personal.items()) if shape else "",
    }
    rest = {key: value for key, value in given.items() if key not in _SOURCE}
    defaults = {"owner": owner} if (owner := _owner(settings, mesh, address.domain)) else {}
    answers = ask("product", context | rest, defaults=defaults, interactive=interactive)
    shape = shape or from_fields(str(answers["fields"]))
    key = some_names(str(answers["key"]), shape.names, what="key")
    some_names(str(answers["event_time"]), shape.names, what="event_time")
    return Asked(address, source, shape.answered(key, masked(str(answers["pii"]), shape.names)), answers)


def _implied(given: Mapping[str, str], mesh: Mesh) -> dict[str, str]:
    """What ``--from`` says of the pattern and the source when it names a product of the mesh."""
    origin = given.get("origin", "")
    known = {str(address) for address in mesh.products} | {str(one).rsplit(".", 1)[0] for one in mesh.products}
    if origin == "postgresql":
        return {"pattern": "postgres-cdc"}
    if origin in known and given.get("pattern", "data-product") == "data-product":
        return {"pattern": "data-product", "upstream": str(mesh.product(origin).address)}
    return {}


def _owner(settings: Settings, mesh: Mesh, domain: str) -> str:
    """Who answers for the domain's other products, or was named when the domain was made."""
    from mesh_orchestration.scaffold.answers import domain_answers, recorded

    siblings = mesh.of(domain) if domain in mesh.domains else ()
    if siblings:
        return siblings[0].owner
    path = settings.root / domain_answers(domain)
    return str(recorded(path.read_text(encoding="utf-8"), str(path)).answers["owner"]) if path.is_file() else ""


def _shape(settings: Settings, mesh: Mesh, source: Source, origin: str) -> Shape | None:
    """The columns as their origin tells them; None when only a person knows them."""
    if source.pattern == "data-product":
        if not source.upstream:
            raise MeshError("there is no product to read; publish one first, or choose another pattern")
        return from_product(mesh.product(source.upstream))
    if not origin:
        return None
    if not Path(origin).exists() and origin in {str(address) for address in mesh.products}:
        return from_product(mesh.product(origin))
    if origin.endswith((".yaml", ".yml")):
        return from_product(_lent(Path(origin).resolve()))
    from mesh_orchestration.drafts import Options, draft
    from mesh_orchestration.drafts.base import POSTGRES_URL
    from mesh_orchestration.drafts.files import files_of

    url = source_url_setting(source.entity)
    drafted = draft(
        origin, Options(settings, table=source.table, url_setting=url if settings.get(url) else POSTGRES_URL)
    )
    files = files_of(origin) if drafted.port and drafted.port["type"] == "batch" and source.pattern == "batch" else ()
    return from_draft(drafted, Path(origin).name, files)


def _lent(path: Path) -> DataProduct:
    """The product in a contract file that may lie anywhere; raises ContractError when it is not one."""
    source = read_source(path, root=path.parent)
    product, findings = parse_product(source.value)
    if product is None:
        raise ContractError(tuple(source.findings(findings)))
    return product


def _written(sketch: Sketch, mesh: Mesh, asked: Asked) -> Result:
    settings, address = sketch.settings, asked.address
    port = port_of(asked.source, asked.shape, mesh, landing=settings.landing_dir)
    rendered = render("product", _variables(sketch, mesh, asked, port))
    for path, text in rendered.files.items():
        sketch.create(path, text)
    sketch.create(product_answers(address), record("product", str(address), rendered))
    sketch.put("workspace.yaml", with_location(sketch.text("workspace.yaml") or "load_from:\n", address.domain))
    sketch.compile(address.domain)
    sketch.require_clean(address.domain)
    product = load_product(Path(contract_path(address)), root=sketch.root)
    if port.type == "batch":
        _add_sample(sketch, product, port, asked.shape)
    deliveries = _deliveries(sketch, product, port, asked.shape)
    return Result(
        str(address),
        sketch.changes(),
        deliveries=deliveries,
        findings=sketch.denials(address.domain),
        to_decide=(*asked.shape.to_decide, *_drafted_notes(port)),
        next_steps=(
            *_settings_to_give(settings, port),
            f"mesh lint {CONTRACTS}/{address.domain}",
            f"mesh run {address.domain}.{address.product}",
        ),
    )


def _settings_to_give(settings: Settings, port: Port) -> tuple[str, ...]:
    """The settings without which the port cannot reach its source."""
    examples = {
        "postgres-cdc": (source_url_setting(port.name), "postgresql://reader@db.example.org:5432/shop"),
        "kafka": ("MESH_KAFKA_BOOTSTRAP", "kafka.example.org:9092"),
    }
    name, example = examples.get(port.type, ("", ""))
    return (f"export {name}={example}",) if name and not settings.get(name) else ()


def _drafted_notes(port: Port) -> tuple[str, ...]:
    if port.type != "data-product":
        return ()
    return ("it is a draft, a copy of what it reads; make the mart its own and then say status: active",)


def _variables(sketch: Sketch, mesh: Mesh, asked: Asked, port: Port) -> dict[str, Any]:
    address, shape, said = asked.address, asked.shape, asked.answers
    siblings = {product.model for product in mesh.of(address.domain)} if address.domain in mesh.domains else set()
    model = address.product if address.product not in siblings else f"{address.product}_v{address.major}"
    checks = list(shape.checks)
    if shape.rows:
        nonempty = {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 1}}
        checks.append(nonempty | {"description": "An empty delivery is not published."})
    description = str(said["description"]).strip()
    columns = [column | ({"source": column["name"]} if port.renames else {}) for column in shape.columns]
    return {
        "domain": address.domain,
        "product": address.product,
        "major": address.major,
        "model": model,
        "title": words(address.product).capitalize(),
        "description": description,
        "owner": said["owner"],
        "support": _support(str(said["owner"])),
        "retention": str(said["retention"]),
        "pattern": asked.source.pattern,
        "port": {key: value for key, value in asdict(port).items() if key not in {"system", "entity", "rows"}},
        "columns": columns,
        "primary_key": list(shape.key),
        "checks": checks,
        "sla_levels": _levels(said),
        "readers": [role.strip() for role in str(said["roles"]).split(",") if role.strip()],
        "staging": _staging_name(sketch, port, model),
        "staging_description": f"{description.rstrip('.').split(':')[0]}, {port.rows}.",
        **_redelivery(shape, port),
    }


def _levels(said: Mapping[str, Any]) -> dict[str, str]:
    event_time = {"event_time": str(said["event_time"])} if said["event_time"] else {}
    return {**LEVELS[str(said["sla"])], **event_time}


def _support(owner: str) -> dict[str, str]:
    """Where to ask: the owner's address, or the channel named as the team."""
    return {"channel": f"#{owner.removeprefix('team:')}"} if owner.startswith("team:") else {"email": owner}


def _staging_name(sketch: Sketch, port: Port, model: str) -> str:
    name = f"stg_{port.system}__{port.entity}"
    folder = sketch.root / "dbt_projects"
    taken = {path.stem for path in folder.glob("*/models/**/*.sql")}
    return name if name not in taken else f"{name}_for_{model}"


def _redelivery(shape: Shape, port: Port) -> dict[str, Any]:
    """How the newest of several deliveries of a row is chosen, and a unit test of that."""
    if not port.redelivered:
        return {"newest_of_key": [], "tie_breakers": [], "newest": {}}
    others = [name for name in shape.names if name not in shape.key]
    return {"newest_of_key": list(shape.key), "tie_breakers": others[:3], "newest": _unit_test(shape, others)}


def _unit_test(shape: Shape, others: list[str]) -> dict[str, Any]:
    """Two deliveries of one row and the one that counts; nothing when no column could tell them apart."""
    fields = {column["name"]: _field(column) for column in shape.columns}
    texts = [name for name in others if fields[name].logical_type.name == "string" and not is_quoted(name)]
    if not texts or any(is_quoted(name) for name in shape.key):
        return {}
    key = {name: str(sample.values(fields[name], 1)[0]) for name in shape.key}
    before, after = {texts[0]: "before"}, {texts[0]: "after"}
    return {
        "before": key | before | {"_batch": "monday", "_landed_at": "2026-01-05 06:00:00+00"},
        "after": key | after | {"_batch": "tuesday", "_landed_at": "2026-01-06 06:00:00+00"},
        "expected": key | after,
    }


def _field(column: Mapping[str, Any]) -> SchemaField:
    return SchemaField.model_validate({k: v for k, v in column.items() if k not in {"source", "remarks"}})


def _add_sample(sketch: Sketch, product: DataProduct, port: Port, shape: Shape) -> None:
    """A file of made-up rows in the domain's sample folder, where the port would look for it in the landing folder."""
    columns = {column["source"]: product.columns[column["name"]] for column in shape.columns}
    made = sample.rows(columns)
    folder, name = str(port.options["path"]).rsplit("/", 1)
    path = f"dbt_projects/{product.domain}/sample/{folder}/{name.replace('*', 'sample')}"
    match port.options["format"]:
        case "csv":
            content = sample.as_csv(made)
        case "json":
            content = sample.as_json_lines(made)
        case _:
            content = sample.as_parquet(made, columns)
    if not sketch.has(path):
        sketch.create(path, content)
    prove(sketch.settings, product.inputs[0], sketch.root / path)


def _deliveries(sketch: Sketch, product: DataProduct, port: Port, shape: Shape) -> tuple[Delivery, ...]:
    """The files to land, each proven to be what the port declares; the folder alone when there is none."""
    if port.type != "batch":
        return ()
    folder = sketch.settings.landing_dir / str(port.options["path"]).rsplit("/", 1)[0]
    for file in shape.files:
        prove(sketch.settings, product.inputs[0], file)
    outside = [file for file in shape.files if file.parent != folder]
    return tuple(Delivery(file, folder / file.name) for file in outside) or (Delivery(None, folder),)
