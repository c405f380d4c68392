"""What every command pays before it begins."""

from __future__ import annotations

import subprocess
import sys


def test_the_list_of_commands_loads_no_contract_and_none_of_the_large_packages() -> None:
    heavy = "dagster dbt great_expectations polars pandas pyarrow duckdb pyiceberg sqlglot jinja2 yaml pydantic".split()
    code = (
        "import sys, mesh_orchestration.cli.app;"
        f"print(sorted({{*{heavy}, 'mesh_orchestration.contract.model'}} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
