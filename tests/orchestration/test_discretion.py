"""Errors of a step that handles personal data quote no values, however deep they come from."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import EngineError, SourceError
from mesh_orchestration.orchestration.discretion import clean_file, discreet, holds_personal_data
from tests.builders import FIELDS, mesh_at, product

READS = [{"name": "orders", "type": "data-product", "product": "orders.orders.v1"}]


def read_a_file() -> None:
    """Fail as an input port does: DuckDB, the engine's error and the port's, each quoting the one before."""
    try:
        try:
            duckdb.sql("select cast('Zwiebelfrucht' as integer)").fetchall()
        except duckdb.Error as error:
            raise EngineError(f"crm: {str(error).splitlines()[0]}; nothing was landed") from error
    except EngineError as error:
        raise SourceError(f"cannot be read: {error}; ask the source", source="day1.csv") from error


def test_neither_the_error_nor_its_causes_quote_a_value() -> None:
    with pytest.raises(SourceError) as caught, discreet(True):
        read_a_file()

    assert str(caught.value) == (
        "day1.csv: cannot be read: crm: Conversion Error: *** to INT32; nothing was landed; ask the source"
    )
    told = "".join(traceback.format_exception(caught.value)).replace("cast('Zwiebelfrucht' as integer)", "")
    assert "Zwiebelfrucht" not in told
    assert isinstance(caught.value.__cause__, EngineError)


def test_a_failure_for_dagster_is_told_without_values_too() -> None:
    with pytest.raises(dg.Failure) as caught, discreet(True):
        raise dg.Failure(description="Conversion Error: Could not convert string 'Zwiebelfrucht' to INT32")
    assert caught.value.description == "Conversion Error: *** to INT32"


def test_without_personal_data_an_error_is_told_in_full() -> None:
    with pytest.raises(SourceError, match="Zwiebelfrucht"), discreet(False):
        read_a_file()


def test_a_domain_holds_personal_data_when_it_has_or_reads_a_personal_column(tmp_path: Path) -> None:
    personal = {**FIELDS, "email": {"type": "string", "pii": True}}
    settings = mesh_at(
        tmp_path,
        product("orders.orders.v1", fields=personal),
        product("billing.revenue.v1", inputs=READS),
        product("stock.levels.v1"),
    )
    mesh = load_mesh(settings)

    assert [holds_personal_data(mesh, domain) for domain in ("orders", "billing", "stock")] == [True, True, False]


def test_a_file_of_results_is_kept_without_values(tmp_path: Path) -> None:
    path = tmp_path / "run_results.json"
    said = "Conversion Error: Could not convert string 'Zwiebelfrucht' to INT32"
    path.write_text(json.dumps({"results": [{"message": said, "failures": None, "timing": [1.5]}]}))
    clean_file(path)
    clean_file(tmp_path / "nothing.json")

    assert json.loads(path.read_text()) == {
        "results": [{"message": "Conversion Error: *** to INT32", "failures": None, "timing": [1.5]}]
    }
