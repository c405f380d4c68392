"""A small mesh that knows people: ``orders`` lands lines with a customer, ``billing`` sums them up by buyer.

The models are run by ``build`` as dbt would run them: tables and views in the domain's engine.
"""

from __future__ import annotations

import re
from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.inputs import IngestContext, ingest
from mesh_orchestration.privacy.erase import Order, erase
from mesh_orchestration.privacy.proof import Proof
from mesh_orchestration.privacy.search import Found, Request, request, search
from mesh_orchestration.privacy.subject import subject_of
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import Publication, PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import mesh_at, product
from tests.orchestration.shop import write_project

KEY = "MESH_ERASURE_KEY"
SECRET = "a secret of the mesh, long enough"
ANN, BOB, CY = "ann@example.com", "bob@example.com", "cy@example.com"
LINES = product(
    "orders.order_lines.v1",
    fields={
        "line_id": {"type": "long", "constraints": {"primary_key": True}},
        "customer": {"type": "string", "pii": True, "masking": "hash"},
        "amount": "double",
        "sold_at": {"type": "timestamp", "constraints": {"timezone": "UTC"}},
    },
    inputs=[
        {
            "name": "till", "type": "batch", "path": "till/*.csv", "format": "csv", "key": ["line_id"],
            "columns": {"line_id": "long", "customer": "string", "amount": "double", "sold_at": "timestamptz"},
            "names": {"customer": "Customer"},
        }
    ],
    checks=[
        {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 3}},
        {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"max_value": 100}},
    ],
    sla={"freshness": "1h", "event_time": "sold_at"},
    retention="30d",
)  # fmt: skip
SPEND = product(
    "billing.spend.v1",
    fields={
        "buyer": {"type": "string", "pii": True, "masking": "tokenise", "constraints": {"primary_key": True}},
        "amount": "double",
    },
    inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
)
TOTALS = product("billing.totals.v1", fields={"buyers": "long", "amount": "double"}, inputs=["order_lines"])
PRODUCTS = (LINES, SPEND, TOTALS)
MODELS = {
    "orders": {
        "stg_till__lines": "select line_id, customer, amount, sold_at from {{ source('landing', 'till') }}",
        "int_lines": "select line_id, customer as who, amount, sold_at from {{ ref('stg_till__lines') }}",
        "order_lines": "select line_id, who as customer, amount, sold_at from {{ ref('int_lines') }}",
    },
    "billing": {
        "spend": (
            "select customer as buyer, sum(amount) as amount from {{ source('landing', 'order_lines') }} group by 1"
        ),
        "totals": (
            "select count(distinct customer) as buyers, sum(amount) as amount "
            "from {{ source('landing', 'order_lines') }}"
        ),
    },
}


def people_at(root: Path, **environ: str) -> Settings:
    """The mesh in ``root`` with two landed days and nothing built; returns its settings."""
    settings = mesh_at(root, *PRODUCTS, **({KEY: SECRET} | environ))
    for domain, models in MODELS.items():
        write_project(root, domain, models)
    sell(settings, "day1", f'1,"{ANN}",10,2026-11-01 10:00:00+00\n2,{BOB},20,2026-11-01 11:00:00+00\n')
    sell(settings, "day2", f"3,{ANN},30,2026-11-02 10:00:00+00\n4,{BOB},40,2026-11-02 11:00:00+00\n")
    return settings


def sell(settings: Settings, day: str, rows: str) -> Path:
    """Drop a file of ``line_id,Customer,amount,sold_at`` rows at the till."""
    folder = settings.landing_dir / "till"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day}.csv"
    path.write_text(f"line_id,Customer,amount,sold_at\n{rows}")
    return path


def build(settings: Settings, run_id: str, domains: tuple[str, ...] = ("orders", "billing")) -> list[Publication]:
    """Land, run the models and publish, domain by domain."""
    mesh, done = load_mesh(settings), []
    for domain in domains:
        products = mesh.of(domain)
        with engine_for(settings, domain) as engine:
            for port in mesh.ports(domain).values():
                ingest(port, engine, context=IngestContext(settings, run_id, settings.now(), mesh))
            for name, sql in MODELS[domain].items():
                _materialise(engine, name, sql)
        done += [_publish(settings, item, run_id) for item in products]
    return done


def _materialise(engine: object, name: str, sql: str) -> None:
    relation = engine.relation  # type: ignore[attr-defined]
    sql = re.sub(r"{{ source\('landing', '(\w+)'\) }}", lambda found: relation(f"landing__{found[1]}"), sql)
    sql = re.sub(r"{{ ref\('(\w+)'\) }}", lambda found: relation(found[1]), sql)
    kind = "view" if name.startswith("stg_") else "table"
    cascade = " cascade" if kind == "view" else ""
    engine.execute(f"drop {kind} if exists {relation(name)}{cascade}")  # type: ignore[attr-defined]
    engine.execute(f"create {kind} {relation(name)} as {sql}")  # type: ignore[attr-defined]


def _publish(settings: Settings, item: DataProduct, run_id: str) -> Publication:
    def export(directory: Path) -> tuple[Path, ...]:
        with engine_for(settings, item.domain) as engine:
            return engine.export(item.model, item.fields, directory)

    with open_lake(settings) as lake:
        return publish(item, export, request=PublishRequest(lake, run_id, settings.now()))


def asked(settings: Settings, key: str = ANN, column: str = "") -> Request:
    """The request for a person."""
    return request(settings, load_mesh(settings), subject_of(settings, key, hashed=False), column)


def places(settings: Settings, key: str = ANN) -> set[tuple[str, str, int | None]]:
    """Where a person is: kind, place (a file by its name), rows."""
    return {_short(found) for found in search(asked(settings, key))}


def _short(found: Found) -> tuple[str, str, int | None]:
    return found.kind, Path(found.where).name if found.kind == "landed" else found.where, found.rows


def erase_person(settings: Settings, key: str = ANN) -> Proof:
    """Erase the person as somebody with the right to would."""
    return erase(Order(asked(settings, key), Reader("dana", "data-protection"), "asked to"))
