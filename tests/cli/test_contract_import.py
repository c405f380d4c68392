from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.replay.tables import dataset
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, mesh_at
from tests.cli.mesh import mesh
from tests.orchestration.shop import write_project
from tests.postgres import PostgresDatabase

SALES = "Ticket No.,sold at,price\n1,2026-01-01T10:00:00,9.5\n2,2026-01-01T11:00:00,12\n"
ANSWERS = (
    "--domain", "tickets", "--product", "sales", "--owner", "team:tickets",
    "--description", "One row per ticket sold.", "--freshness", "1d",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """An empty mesh with a file in its landing folder."""
    settings = mesh_at(tmp_path)
    folder = settings.landing_dir / "sales"
    folder.mkdir(parents=True)
    (folder / "1.csv").write_text(SALES)
    return settings


def test_a_file_becomes_a_contract_at_its_place_that_is_never_overwritten(home: Settings) -> None:
    pattern = f"{home.landing_dir}/sales/*.csv"
    done = mesh(home, "contract", "import", pattern, *ANSWERS)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "written contracts/tickets/sales/v1.yaml: 3 columns of 2 rows",
        "to decide 'Ticket No.' is called ticket_no here",
        "to decide 'sold at' is called sold_at here",
        ("to decide primary key ticket_no: no two of 2 rows agree in it, and none lacks it; confirm it or take it out"),
        "to decide descriptions: 3 of 3 fields without one",
        "then: mesh lint contracts/tickets/sales/v1.yaml",
    ]
    stated = load_product(Path("contracts/tickets/sales/v1.yaml"), root=home.root)
    assert (stated.owner, stated.inputs[0].options["path"]) == ("team:tickets", "sales/*.csv")
    before = (home.root / stated.source).read_bytes()
    again = mesh(home, "contract", "import", pattern, *ANSWERS)
    assert again.code == 1
    assert "contracts/tickets/sales/v1.yaml exists and is not overwritten" in again.err
    assert (home.root / stated.source).read_bytes() == before


@pytest.mark.slow
def test_the_draft_can_be_printed_and_said_in_json(home: Settings) -> None:
    source = f"{home.landing_dir}/sales/1.csv"
    printed = mesh(home, "contract", "import", source, "-o", "-")
    assert printed.code == 0
    assert yaml.safe_load(printed.out)["spec"]["inputs"][0]["names"] == {
        "ticket_no": "Ticket No.",
        "sold_at": "sold at",
    }
    said = mesh(home, "contract", "import", source, "-o", "-", "--json").json
    assert (said["file"], said["rows"], said["to_fill_in"][0], said["text"]) == (
        None, 2, "metadata.domain", printed.out,
    )  # fmt: skip
    assert said["columns"][2]["observed"]["high"] == 12.0
    elsewhere = home.root / "drafts" / "sales.yaml"
    assert mesh(home, "contract", "import", source, "-o", str(elsewhere), "--json").json["file"] == str(elsewhere)
    assert elsewhere.read_text() == printed.out
    assert not (home.root / "contracts" / "tickets").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--domain", "tickets", "--owner", "me"), 2, "expected an e-mail"),
        (("--domain", "tickets", "--freshness", "soon"), 2, "is not a duration"),
        (("--domain", "Tickets"), 2, "--domain, --product"),
        ((), 2, "say which domain the product belongs to"),
        (("-o", "-", "--kind", "cvs"), 1, "did you mean 'csv'?"),
        (("-o", "-", "--rows", "-1"), 2, "--rows"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_written(
    words: tuple[str, ...], code: int, said: str, home: Settings
) -> None:
    done = mesh(home, "contract", "import", f"{home.landing_dir}/sales/1.csv", *words)
    assert (done.code, said in done.err) == (code, True)
    assert list((home.root / "contracts").iterdir()) == []


@pytest.mark.slow
def test_what_cannot_be_read_is_one_line_on_stderr(home: Settings) -> None:
    (home.landing_dir / "bad.csv").write_bytes(b"a;b\n1;2\n")
    done = mesh(home, "contract", "import", f"{home.landing_dir}/bad.csv", "-o", "-")
    assert (done.code, done.out) == (1, "")
    assert "separated by semicolons" in done.err
    assert "Traceback" not in done.err
    url = mesh(home, "contract", "import", "postgresql", "--table", "a.b", "-o", "-")
    assert (url.code, "MESH_IMPORT_POSTGRES_URL is not set" in url.err) == (2, True)


@pytest.mark.slow
def test_a_table_is_read_from_the_database_that_a_variable_names(home: Settings, postgres: PostgresDatabase) -> None:
    postgres.run("create table orders (id int primary key); insert into orders values (1), (2)", user="mesh")
    done = mesh(
        home, "contract", "import", "postgresql", "--table", "orders", "--domain", "shop", "--postgres-url-env", "OPS",
        OPS=postgres.url,
    )  # fmt: skip
    assert (done.code, done.out.splitlines()[0]) == (0, "written contracts/shop/orders/v1.yaml: 1 column of 2 rows")


def test_a_contract_in_another_form_is_written_as_a_native_one(home: Settings) -> None:
    old = home.root / "old.yaml"
    old.write_text(contract_text("orders.order_lines.v2"))
    done = mesh(home, "contract", "import", str(old))
    assert done.code == 0
    assert load_product(Path("contracts/orders/order_lines/v2.yaml"), root=home.root).version == "2.0.0"


@pytest.mark.slow
def test_a_catalog_of_somebody_else_is_found_by_pyiceberg_s_own_settings(home: Settings, tmp_path: Path) -> None:
    from pyiceberg.catalog import load_catalog
    from pyiceberg.schema import Schema
    from pyiceberg.types import LongType, NestedField

    uri, warehouse = f"sqlite:///{tmp_path}/theirs.db", f"file://{tmp_path}/theirs"
    catalog = load_catalog("theirs", type="sql", uri=uri, warehouse=warehouse)
    catalog.create_namespace("ops")
    catalog.create_table("ops.stock", Schema(NestedField(1, "sku", LongType(), required=True)))
    catalog.close()
    done = mesh(
        home, "contract", "import", "iceberg", "--catalog", "theirs", "--table", "ops.stock", "--domain", "shop",
        PYICEBERG_CATALOG__THEIRS__TYPE="sql", PYICEBERG_CATALOG__THEIRS__URI=uri,
        PYICEBERG_CATALOG__THEIRS__WAREHOUSE=warehouse,
    )  # fmt: skip
    assert (done.code, done.out.splitlines()[0]) == (0, "written contracts/shop/stock/v1.yaml: 1 column")


@pytest.mark.slow
def test_an_imported_file_runs_and_is_published_as_the_draft_says(home: Settings) -> None:
    assert mesh(home, "contract", "import", f"{home.landing_dir}/sales/*.csv", *ANSWERS).code == 0
    write_project(
        home.root, "tickets", {"sales": "select ticket_no, sold_at, price from {{ source('landing', 'sales') }}"}
    )
    (home.root / "dagster.yaml").write_text((Path(__file__).parents[2] / "dagster.yaml").read_text())
    compiled = mesh(home, "compile")
    assert (compiled.code, compiled.err) == (0, "")
    ran = mesh(home, "run", "tickets.sales")
    assert (ran.code, "published  tickets.sales.v1 2 rows" in ran.err) == (0, True)
    answer = mesh(home, "query", "select ticket_no, price from tickets.sales order by 1", "--json")
    assert answer.code == 0, answer.err
    assert "9.5" in answer.out


@pytest.mark.slow
def test_a_year_of_transactions_is_drafted_in_seconds(home: Settings) -> None:
    done = mesh(home, "contract", "import", str(dataset("transactions")), "--domain", "orders")
    assert "to decide primary key basket_id, product_id" in done.out
    assert load_error(home) == ["metadata.description", "spec.owner"]


def load_error(home: Settings) -> list[str]:
    """The YAML paths that the linter refuses in the drafted contract."""
    problems = mesh(home, "lint", "--json").json["problems"]
    return sorted(problem["path"] for problem in problems)
