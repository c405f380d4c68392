"""A mesh made up for measuring: any number of domains and products, each product a small dbt model."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).resolve().parent.parent / "contracts"
CONTRACT = """apiVersion: datamesh.io/v1
kind: DataProduct
metadata: {{name: {name}, domain: {domain}, version: 1.0.0, description: One row per item of {name}.}}
spec:
  owner: team-{domain}@company.io
  sla: {{freshness: 1h, availability: 99.9%}}
  schema:
    fields:
      - {{name: item_id, type: long, description: The item., constraints: {{primary_key: true}}}}
      - {{name: label, type: string, description: Its label., constraints: {{max_length: 40}}}}
      - {{name: amount, type: double, description: Its amount., constraints: {{min: 0}}}}
  quality:
    checks:
      - {{column: label, assertion: expect_column_values_to_not_be_null, threshold: 0.99}}
      - {{assertion: expect_table_row_count_to_be_between, value: {{min_value: 1}}}}
"""
MODEL = """select
    cast(i as bigint) as item_id,
    cast('item ' || cast(i as text) as text) as label,
    cast(i * 1.5 as double precision) as amount
from generate_series(1, 100) as items(i)
"""
PROJECT = """name: {domain}
version: 1.0.0
config-version: 2
profile: {domain}
flags: {{send_anonymous_usage_stats: false}}
models: {{{domain}: {{+materialized: table}}}}
"""


def build(root: Path, *, domains: int, products: int) -> tuple[str, ...]:
    """Write a mesh of ``domains`` × ``products`` below ``root``; returns the domains' names."""
    names = tuple(f"domain{number}" for number in range(domains))
    for domain in names:
        project = root / "dbt_projects" / domain
        (project / "models" / "marts").mkdir(parents=True)
        (project / "dbt_project.yml").write_text(PROJECT.format(domain=domain))
        for number in range(products):
            name = f"product_{number:04d}"
            folder = root / "contracts" / domain / name
            folder.mkdir(parents=True)
            (folder / "v1.yaml").write_text(CONTRACT.format(domain=domain, name=name))
            (project / "models" / "marts" / f"{name}.sql").write_text(MODEL)
    locations = "".join(
        f"  - python_module: {{module_name: mesh_orchestration.locations, attribute: {name}, location_name: {name}}}\n"
        for name in names
    )
    (root / "workspace.yaml").write_text("load_from:\n" + locations)
    return names


def build_like_the_example(root: Path, *, domains: int, products: int) -> tuple[str, ...]:
    """Write a mesh of ``domains`` × ``products`` whose contracts are as long as those of the example mesh; each
    product reads a file and, from the second domain on, the same product of the domain before it."""
    names = build(root, domains=domains, products=products)
    examples = [yaml.safe_load(path.read_text()) for path in sorted(EXAMPLES.glob("*/*/v1.yaml"))]
    for place, domain in enumerate(names):
        for number in range(products):
            name = f"product_{number:04d}"
            content = copy.deepcopy(examples[number % len(examples)])
            content["metadata"] |= {"name": name, "domain": domain, "version": "1.0.0"}
            content["spec"] |= {"model": name, "inputs": _inputs(number, names[place - 1] if place else "")}
            own = {"name": f"of_{domain}_{number}", "type": "string", "description": "What no other product has."}
            content["spec"]["schema"]["fields"].append(own)
            text = yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False, width=100)
            (root / "contracts" / domain / name / "v1.yaml").write_text(text)
    return names


def _inputs(number: int, before: str) -> list[dict[str, Any]]:
    columns = {"id": "long", "label": "string", "amount": "double"}
    landed = {"name": f"landed_{number}", "type": "batch", "path": f"{number}/*.parquet", "columns": columns}
    source = f"{before}.product_{number:04d}.v1"
    return [landed, {"name": f"upstream_{number}", "type": "data-product", "product": source}][: 1 + bool(before)]
