from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.compile.files import stale
from mesh_orchestration.contract.lint import lint
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.settings import Settings
from tests.dbt_projects.pipeline import DOMAINS, ROOT

SQL = sorted((ROOT / "dbt_projects").glob("*/models/**/*.sql"))


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    return load_mesh(Settings(ROOT, ROOT / ".mesh"))


def test_the_example_mesh_has_nine_products(mesh: Mesh) -> None:
    assert [str(address) for address in mesh.require().products] == [
        "billing.coupon_reimbursements.v1",
        "billing.daily_revenue.v1",
        "customers.households.v1",
        "engagement.coupon_redemptions.v1",
        "engagement.promotions.v1",
        "inventory.daily_movements.v1",
        "orders.order_lines.v1",
        "orders.orders.v1",
        "products.catalog.v1",
    ]


def test_lint_has_nothing_to_say() -> None:
    assert lint(Settings(ROOT, ROOT / ".mesh")) == ()


def test_everything_generated_is_up_to_date(mesh: Mesh) -> None:
    assert stale(mesh, ROOT) == ()


def test_products_cross_domains_where_the_business_does(mesh: Mesh) -> None:
    edges = {(source.domain, product.domain) for product in mesh.products.values() for source in mesh.upstream(product)}
    assert edges == {
        ("orders", "billing"),
        ("products", "billing"),
        ("customers", "billing"),
        ("engagement", "billing"),
        ("orders", "inventory"),
        ("products", "inventory"),
    }


def test_every_product_starts_with_its_grain_and_describes_every_field(mesh: Mesh) -> None:
    for product in mesh.products.values():
        assert product.metadata.description.startswith("One row per"), product.address
        assert all(field.description for field in product.fields), product.address


def test_a_household_is_personal_wherever_it_stands(mesh: Mesh) -> None:
    for product in mesh.products.values():
        if "household_id" in product.columns:
            assert (product.columns["household_id"].is_pii, product.columns["household_id"].mask) == (True, "hash")


def test_age_and_income_are_masked(mesh: Mesh) -> None:
    masks = {field.name: field.mask for field in mesh.product("customers.households").fields if field.is_pii}
    assert masks == {
        "household_id": "hash",
        "age": "generalise",
        "age_from": "generalise",
        "income": "redact",
        "income_from": "null",
        "marital_status": "redact",
    }


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_dbt_project_is_named_as_its_domain_and_sends_no_statistics(domain: str) -> None:
    project = yaml.safe_load((ROOT / "dbt_projects" / domain / "dbt_project.yml").read_text())
    assert (project["name"], project["profile"]) == (domain, domain)
    assert project["flags"] == {"send_anonymous_usage_stats": False}


@pytest.mark.parametrize("model", SQL, ids=lambda path: f"{path.parts[-4]}.{path.stem}")
def test_a_model_depends_on_no_clock(model: Path) -> None:
    assert not re.search(r"\b(now\(\)|current_(date|timestamp|time)\b|getdate|random\()", model.read_text())


def test_every_model_says_its_grain() -> None:
    documented = {}
    for path in (ROOT / "dbt_projects").glob("*/models/**/*.yml"):
        domain = path.relative_to(ROOT / "dbt_projects").parts[0]
        for model in yaml.safe_load(path.read_text()).get("models", []):
            documented[domain, model["name"]] = model["description"]
    models = {(path.relative_to(ROOT / "dbt_projects").parts[0], path.stem) for path in SQL}
    assert models == documented.keys()
    assert [name for name, text in documented.items() if not text.startswith("One row per")] == []
