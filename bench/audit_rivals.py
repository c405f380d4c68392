"""The twelve checks of ``bench.audit`` by somebody else: ``python bench/audit_rivals.py NAME FOLDER``, a process each.

Prints one JSON object: seconds (wall and CPU) of validating alone, without imports and without
loading the data into memory, and how many checks passed. Imports nothing of the mesh, so that a
rival may live in an environment of its own.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EMAIL = r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"
STATUSES = ["placed", "paid", "shipped", "delivered", "returned"]
NOT_NULL = ("order_id", "customer_id", "event_ts")


def timed(call: Callable[[], int]) -> dict[str, float]:
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    passed = call()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "passed": passed}


def great_expectations(folder: Path) -> dict[str, float]:
    """GX on a pandas frame that is in memory already."""
    import great_expectations as gx
    import pandas as pd
    from great_expectations import expectations as gxe

    frame = pd.read_parquet(folder / "orders.parquet")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    expectations = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in NOT_NULL]
    expectations += [
        gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.99),
        gxe.ExpectColumnValuesToBeUnique(column="order_id"),
        gxe.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL),
        gxe.ExpectColumnValuesToBeInSet(column="status", value_set=STATUSES),
        gxe.ExpectColumnValueLengthsToBeBetween(column="country", min_value=2, max_value=2),
        gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=1100),
        gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=1, max_value=20),
        gxe.ExpectTableRowCountToBeBetween(min_value=1000),
        gxe.ExpectColumnMaxToBeBetween(column="event_ts", min_value=pd.Timestamp("2026-01-01", tz="UTC")),
    ]
    suite = gx.ExpectationSuite("orders", expectations=expectations)
    return timed(lambda: sum(one.success for one in batch.validate(suite, result_format="BASIC").results))


SODA_CONTRACT = f"""
dataset: rival/orders/main/orders
columns:
  - {{name: order_id, checks: [missing: , duplicate: ]}}
  - {{name: customer_id, checks: [missing: ]}}
  - name: email
    checks:
      - missing: {{threshold: {{metric: percent, must_be_less_than: 1}}}}
      - invalid: {{valid_format: {{name: email, regex: '{EMAIL}'}}}}
  - {{name: status, checks: [invalid: {{valid_values: {json.dumps(STATUSES)}}}]}}
  - {{name: country, checks: [invalid: {{valid_length: 2}}]}}
  - {{name: amount, checks: [invalid: {{valid_min: 0, valid_max: 1100}}]}}
  - {{name: quantity, checks: [invalid: {{valid_min: 1, valid_max: 20}}]}}
  - {{name: event_ts, checks: [missing: ]}}
checks:
  - row_count: {{threshold: {{must_be_greater_than: 1000}}}}
  - freshness: {{column: event_ts, unit: day, threshold: {{must_be_less_than: 100000}}}}
"""


def soda(folder: Path) -> dict[str, float]:
    """Soda 4 on a DuckDB table of the same rows; run it with SODA_CORE_TELEMETRY_ENABLED=false."""
    from soda_core.contracts import verify_contract_locally

    (folder / "soda.yml").write_text(SODA_CONTRACT)
    database = folder / "orders.duckdb"
    (folder / "source.yml").write_text(
        f"type: duckdb\nname: rival\nconnection:\n  database: {database}\n  read_only: true\n"
    )

    def verify() -> int:
        found: Any = verify_contract_locally(
            data_source_file_path=str(folder / "source.yml"), contract_file_path=str(folder / "soda.yml")
        )
        [contract] = found.contract_verification_results
        return sum(str(check.outcome).endswith("PASSED") for check in contract.check_results)

    return timed(verify)


DBT_SOURCE = f"""
sources:
  - name: rival
    schema: main
    tables:
      - name: orders
        columns:
          - {{name: order_id, data_tests: [not_null, unique]}}
          - {{name: customer_id, data_tests: [not_null]}}
          - {{name: event_ts, data_tests: [not_null]}}
          - {{name: status, data_tests: [accepted_values: {{arguments: {{values: {json.dumps(STATUSES)}}}}}]}}
"""
DBT_TESTS = {
    "email_present": "select 1 from {t} having count(email) < 0.99 * count(*)",
    "email_format": f"select email from {{t}} where not regexp_matches(email, '{EMAIL}')",
    "country_length": "select country from {t} where length(country) <> 2",
    "amount_range": "select amount from {t} where amount not between 0 and 1100",
    "quantity_range": "select quantity from {t} where quantity not between 1 and 20",
    "row_count": "select 1 from {t} having count(*) < 1000",
    "freshness": "select 1 from {t} having max(event_ts) < timestamptz '2026-01-01'",
}


def dbt(folder: Path) -> dict[str, float]:
    """dbt tests on the same DuckDB table, the project parsed and the runner warm in the process."""
    from dbt.cli.main import dbtRunner

    project = folder / "dbt"
    (project / "models").mkdir(parents=True, exist_ok=True)
    (project / "tests").mkdir(exist_ok=True)
    (project / "models" / "sources.yml").write_text(DBT_SOURCE)
    for name, query in DBT_TESTS.items():
        (project / "tests" / f"{name}.sql").write_text(query.replace("{t}", "{{ source('rival', 'orders') }}"))
    (project / "dbt_project.yml").write_text(
        "name: rival\nversion: 1.0.0\nprofile: rival\nflags: {send_anonymous_usage_stats: false}\n"
    )
    target = {"type": "duckdb", "path": str(folder / "orders.duckdb"), "threads": 2, "schema": "main"}
    profile = {"rival": {"target": "bench", "outputs": {"bench": target}}}
    (project / "profiles.yml").write_text(json.dumps(profile))
    where = ["--project-dir", str(project), "--profiles-dir", str(project), "--quiet"]
    manifest: Any = dbtRunner().invoke(["parse", *where]).result

    def test() -> int:
        found: Any = dbtRunner(manifest=manifest).invoke(["test", *where])
        return sum(str(one.status) == "pass" for one in found.result)

    return timed(test)


RIVALS = {"gx": great_expectations, "soda": soda, "dbt": dbt}

if __name__ == "__main__":
    print(json.dumps(RIVALS[sys.argv[1]](Path(sys.argv[2]))))
