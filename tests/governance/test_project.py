from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.credentials import credentials_in
from mesh_orchestration.governance.findings import policy_problems
from mesh_orchestration.governance.model_facts import ModelSql
from mesh_orchestration.governance.project import deployment_documents, project_documents
from mesh_orchestration.settings import Settings
from tests.builders import FIELDS, mesh_at, product, write_contract
from tests.cli.mesh import mesh
from tests.governance.opa_server import ROOT

OTHERS = frozenset({"orders", "customers"})
PERSONAL = {"household_id": {"type": "long", "pii": True, "constraints": {"masking": "hash"}}}
# Put together here, so that this file holds none.
AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----"
GITHUB = "ghp_" + "a1B2" * 9
VALUES = """deployments:
  - name: orders
    image: {repository: mesh, tag: "1"}
    resources: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: 100m}}
  - name: billing
    image: {repository: mesh, tag: "1"}
web:
  resources: {limits: {cpu: 16, memory: 512M}}
"""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"aws_access_key_id = {AWS}", "AWS access key"),
        (PEM, "private key"),
        (f"push with {GITHUB}", "GitHub token"),
        ("url: postgresql://mesh:" + "hunter2@db:5432/x", "password in a URL"),
        ("password: " + "hunter2", "password or key"),
        ('"api_key": "' + 'Zx81kQ9"', "password or key"),
        ("SASL_PASSWORD=" + "Zx81kQ9", "password or key"),
        ("token := '" + "Zx81kQ9'", "password or key"),
    ],
)
def test_what_looks_like_a_secret_is_found_with_its_line(text: str, kind: str) -> None:
    assert list(credentials_in(f"# a file\n\n{text}\n")) == [(3, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "password: ${DB_PASSWORD}",
        "password: \"{{ env_var('DB_PASSWORD') }}\"",
        "postgresql://mesh:${PASSWORD}@db/x",
        "postgresql://user:password@host:5432/db",
        "postgresql://mesh@127.0.0.1:5432/mesh",
        "token: <your token>",
        "- {name: card_token, masking: tokenise}",
        "primary_key: true",
        "key: [basket_id, product_id]",
        "password = os.environ['X1']",
        "unique_key='order_id1'",
        "description: The password that nobody knows since 2019.",
        "sort_key: ordered_at2",
    ],
)
def test_a_stand_in_or_a_plain_word_is_no_secret(text: str) -> None:
    assert list(credentials_in(text)) == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select *\nfrom orders.order_lines_v1", [(2, "orders.order_lines_v1")]),
        ('select * from {{ target.database }}."orders".x', [(1, "orders.x")]),
        ("select * from a, (select * from Orders.x) as b", [(1, "Orders.x")]),
        ("{{ config(post_hook='insert into orders.x select 1') }}\nselect 1 as a", [(1, "orders.x")]),
        ("{% if a %}\nselect * from orders.y\n{% else %} select 1 {% endif %}", [(2, "orders.y")]),
        ("select * from read_parquet('/lake/orders/*.parquet')", [(1, "read_parquet(…)")]),
        ("select * from {{ ref('stg_orders__order_lines') }}", []),
        ("with orders as (select 1 as a) select orders.a, extract(day from orders.ts) from orders", []),
        ("-- from orders.x\nselect 'from orders.x' as a /* join orders.y */", []),
        ("select * from billing.own", []),
    ],
)
def test_reads_past_the_output_ports_are_found(sql: str, found: list[Any]) -> None:
    assert list(ModelSql(sql).foreign_reads(OTHERS)) == found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select\n  md5(household_id) as k from a", [(2, "household_id")]),
        ("select sha256(cast(lower(h.household_id) as text)) from h", [(1, "household_id")]),
        ("select encode(digest(household_id, 'sha1'), 'hex') from h", [(1, "household_id")]),
        ("select sha1(household_id::text) from h", [(1, "household_id")]),
        ("select {{ dbt_utils.generate_surrogate_key(['household_id']) }} as k from h", [(1, "household_id")]),
        ("{% if a %} select 1 {% else %}\nselect md5(cast(household_id as text)) {% endif %}", [(2, "household_id")]),
        ("select md5(household_id || '{{ env_var(\"SALT\") }}') from h", []),
        ("select hmac(household_id, key, 'sha256') from h", []),
        ("select md5(basket_id), md5(household_id || basket_id) from h", []),
        ("-- md5(household_id)\nselect 1", []),
    ],
)
def test_hashes_of_personal_data_without_a_key_are_found(sql: str, found: list[Any]) -> None:
    assert list(ModelSql(sql).bare_hashes(frozenset({"household_id"}))) == found


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    """Two domains; billing reads a product of orders that holds personal data."""
    lines = product("orders.order_lines.v1", fields={**FIELDS, **PERSONAL})
    revenue = product(
        "billing.revenue.v1", inputs=[{"name": "lines", "type": "data-product", "product": "orders.order_lines.v1"}]
    )
    settings = mesh_at(tmp_path, lines, revenue, MESH_NOW="2026-11-21T10:00:00+00:00")
    for place in ("rules", "data", "lib"):
        for path in (ROOT / "policies" / place).glob("*"):
            target = tmp_path / "policies" / place / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text())
    return settings


def write(settings: Settings, file: str, text: str) -> None:
    path = settings.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def facts(settings: Settings) -> dict[str, Any]:
    return {one.subject: dict(one.value) for one in project_documents(settings, load_mesh(settings))}


def test_each_domain_and_the_platform_have_their_files(shop: Settings) -> None:
    write(shop, "dbt_projects/billing/models/a.sql", "select md5(household_id) from orders.order_lines")
    write(shop, "dbt_projects/billing/target/run.sql", "select * from orders.order_lines")
    write(shop, "dbt_projects/orders/profiles.yml", "password: " + "hunter2\n")
    write(shop, "deploy/.env", "X_TOKEN=" + "Zx81kQ9\n")
    write(shop, ".env", "X_TOKEN=" + "Zx81kQ9\n")
    write(shop, ".gitignore", "/.env\n")
    write(shop, "docs/example.md", "X_TOKEN=" + "Zx81kQ9\n")
    found = facts(shop)

    model = "dbt_projects/billing/models/a.sql"
    assert found["billing"]["foreign_reads"] == [{"file": model, "line": 1, "reads": "orders.order_lines"}]
    assert found["billing"]["bare_hashes"] == [{"file": model, "line": 1, "column": "household_id"}]
    secret = {"file": "dbt_projects/orders/profiles.yml", "line": 1, "kind": "password or key"}
    assert (found["billing"]["secrets"], found["orders"]["secrets"]) == ([], [secret])
    assert [one["file"] for one in found["platform"]["secrets"]] == ["deploy/.env"]
    assert "hunter2" not in str(found)


def test_a_source_declared_by_hand_in_another_domains_schema_is_a_read_past_its_ports(shop: Settings) -> None:
    text = "version: 2\nsources:\n  - name: mine\n    schema: billing\n  - name: theirs\n    schema: orders\n"
    write(shop, "dbt_projects/billing/models/sources.yml", text)
    write(shop, "dbt_projects/billing/models/_generated/contracts.yml", text)
    write(shop, "dbt_projects/billing/models/broken.yml", "sources: [")

    assert facts(shop)["billing"]["foreign_reads"] == [
        {"file": "dbt_projects/billing/models/sources.yml", "line": 5, "reads": "source theirs in schema orders"}
    ]


def test_links_large_files_and_what_is_no_text_are_left_alone(shop: Settings) -> None:
    write(shop, "elsewhere", "password: " + "hunter2")
    (shop.root / "dbt_projects" / "orders").mkdir(parents=True)
    (shop.root / "dbt_projects" / "orders" / "link.yml").symlink_to(shop.root / "elsewhere")
    (shop.root / "contracts" / "orders" / "blob.bin").write_bytes(b"\0password: hunter2")
    (shop.root / "contracts" / "orders" / "large.csv").write_bytes(b"a" * 1024 * 1024 + b"\npassword: hunter2")

    assert facts(shop)["orders"]["secrets"] == []


def test_containers_of_a_deployment_are_found_with_their_limits(shop: Settings) -> None:
    write(shop, "deploy/helm/values.yaml", VALUES)
    write(shop, "deploy/helm/templates/job.yaml", "{{ not yaml }}: [")
    write(shop, "deploy/broken.yaml", "a: [")
    broken, values = deployment_documents(shop)

    assert (broken.subject, bool(broken.value["problem"])) == ("deploy/broken.yaml", True)
    assert values.value["workloads"] == [
        {"path": "deployments[0]", "name": "orders", "cpu": 0.5, "memory_mib": 1024.0},
        {"path": "deployments[1]", "name": "billing", "cpu": None, "memory_mib": None},
        {"path": "web", "name": "web", "cpu": 16.0, "memory_mib": 512e6 / 1024**2},
    ]


def test_the_rules_deny_at_file_and_line(shop: Settings) -> None:
    write(shop, "dbt_projects/billing/models/a.sql", "select 1 as a\nfrom orders.order_lines")
    write(shop, "deploy/values.yaml", VALUES)
    write(shop, "deploy/many.yaml", "image: a\n---\nimage: b\n")
    denied, _ = policy_problems(shop, load_mesh(shop))
    found = [str(problem).split(" (")[0] for problem in denied]

    assert "dbt_projects/billing/models/a.sql:2 PRT-001 reads orders.order_lines past the output ports" in found
    assert "deploy/values.yaml:5 deployments[1].resources: LIM-001 'billing' has no limit of cpu" in found
    assert "deploy/values.yaml:8 web.resources: LIM-001 'web' may take 16 cores; the limit is 8" in found
    assert "deploy/many.yaml:1 resources: LIM-001 'the container' has no limit of cpu" in found


@pytest.mark.slow
def test_a_mesh_is_checked_as_a_whole_and_a_waiver_for_a_domain_holds(shop: Settings) -> None:
    write(shop, "dbt_projects/billing/models/a.sql", "select 1 as a\nfrom orders.order_lines")
    answer = mesh(shop, "policy", "check", "--domain", "billing", "--json")
    verdicts = {one["code"]: one for one in answer.json["verdicts"]}
    assert (answer.code, verdicts["PRT-001"]["outcome"]) == (1, "deny")
    assert {one["domain"] for one in answer.json["verdicts"]} == {"billing"}

    waiver = "rule: PRT-001\naddress: billing\nowner: team:billing\napprover: team:council\n"
    write(shop, "policies/waivers/ports.yaml", waiver + "reason: Until the port is there.\nexpires: 2027-01-01\n")
    answer = mesh(shop, "policy", "check", "--domain", "billing")
    assert "waived" in answer.out
    assert "waived by policies/waivers/ports.yaml" in " ".join(answer.out.split())


@pytest.mark.slow
def test_a_broken_contract_or_an_unknown_domain_is_said(shop: Settings) -> None:
    answer = mesh(shop, "policy", "check", "--domain", "biling")
    assert (answer.code, "did you mean 'billing'?" in answer.err) == (1, True)

    write_contract(shop.root, "kind: DataProduct\n", at="billing.revenue.v1")
    assert mesh(shop, "policy", "check").code == 2
