"""``mesh new product``: the contract, the models and their tests of a new product, tried before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mesh_orchestration.contract.loader import CONTRACTS, contract_path, load_product
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.scaffold import sample
from mesh_orchestration.scaffold.answers import product_answers, record
from mesh_orchestration.scaffold.asked import Asked, ask_for
from mesh_orchestration.scaffold.names import product_address
from mesh_orchestration.scaffold.ports import Port, port_of, source_url_setting
from mesh_orchestration.scaffold.proof import prove
from mesh_orchestration.scaffold.render import render
from mesh_orchestration.scaffold.result import Delivery, Result
from mesh_orchestration.scaffold.shape import Shape
from mesh_orchestration.scaffold.sketch import Sketch, sketch_of
from mesh_orchestration.scaffold.variables import variables
from mesh_orchestration.scaffold.workspace import with_location
from mesh_orchestration.settings import Settings


def domains_of(settings: Settings, mesh: Mesh) -> tuple[str, ...]:
    """Every domain that has a contract or a dbt project."""
    projects = {path.parent.name for path in settings.dbt_dir.glob("*/dbt_project.yml")}
    return tuple(sorted({*mesh.domains, *projects}))


def new_product(settings: Settings, name: str, given: Mapping[str, str], *, interactive: bool = False) -> Result:
    """What a new product called ``name`` needs; ``given`` are answers by their question.

    Raises AnswerError for a name or answer that cannot be, ContractError when the domain's contracts have
    findings, SourceError when the source cannot be read as its own draft says.
    """
    mesh = load_mesh(settings)
    address = product_address(name, mesh, domains=domains_of(settings, mesh))
    if address.domain in mesh.broken:
        raise mesh.broken[address.domain]
    asked = ask_for(settings, mesh, address, given=given, interactive=interactive)
    with sketch_of(settings, address.domain) as sketch:
        return _written(sketch, mesh, asked)


def _written(sketch: Sketch, mesh: Mesh, asked: Asked) -> Result:
    settings, address = sketch.settings, asked.address
    port = port_of(asked.source, asked.shape, mesh, landing=settings.landing_dir)
    rendered = render("product", variables(sketch, mesh, asked, port))
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
        to_decide=(*asked.shape.to_decide, *_notes(port)),
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


def _notes(port: Port) -> tuple[str, ...]:
    """What the pattern leaves to a person."""
    if port.type == "data-product":
        return ("it is a draft, a copy of what it reads; make the mart its own and then say status: active",)
    if port.type != "batch":
        return (
            f"CI has nothing that stands in for a {port.type} source; give its pipelines the setting and a service",
        )
    return ()


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
