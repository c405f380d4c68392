from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mesh_orchestration.errors import SourceError
from mesh_orchestration.replay import FAULTS, TABLES, Fault, emit, heal, inject
from mesh_orchestration.settings import Settings

NOW = datetime(2026, 11, 21, 4, 35, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("replayed")
    settings = Settings(home, home, {"MESH_HISTORY_WEEKS": "1"})
    emit(settings, NOW)
    return settings


def ask(path: Path, query: str) -> list[Any]:
    with duckdb.connect() as con:
        return con.execute(query.format(file=f"read_parquet('{path}')")).fetchall()


def test_nulls_empty_a_column_of_every_row(replayed: Settings) -> None:
    broken = inject(replayed, "transactions", "nulls")
    assert ask(broken, "select count(household_id), count(*) > 1000 from {file}") == [(0, True)]


def test_duplicates_hold_every_key_twice(replayed: Settings) -> None:
    broken = inject(replayed, "transactions", "duplicates")
    assert ask(
        broken, "select distinct copies from (select count(*) as copies from {file} group by basket_id, product_id)"
    ) == [(2,)]


def test_a_truncated_file_cannot_be_read(replayed: Settings) -> None:
    with pytest.raises(duckdb.Error):
        ask(inject(replayed, "transactions", "truncated"), "select * from {file}")


def test_a_renamed_column_is_missed(replayed: Settings) -> None:
    with pytest.raises(duckdb.BinderException, match="sales_value"):
        ask(inject(replayed, "transactions", "renamed_column"), "select sales_value from {file}")


def test_a_wrong_type_is_text(replayed: Settings) -> None:
    broken = inject(replayed, "transactions", "wrong_type")
    assert ask(broken, "select distinct typeof(sales_value) from {file}") == [("VARCHAR",)]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("table", TABLES)
def test_each_table_breaks_and_heals(replayed: Settings, table: str, fault: Fault) -> None:
    heal(replayed, table)
    broken = inject(replayed, table, fault)
    (mended,) = heal(replayed, table)
    good = broken.with_name(broken.name.rpartition("_r")[0] + ".parquet")
    assert (broken.exists(), mended.read_bytes() == good.read_bytes()) == (False, True)
    assert heal(replayed, table) == ()


def test_a_fault_does_not_disturb_the_replay(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, {"MESH_HISTORY_WEEKS": "0"})
    emit(settings, NOW)
    inject(settings, "products", "truncated")
    assert emit(settings, NOW).files == ()


def test_an_unknown_table_names_the_tables(replayed: Settings) -> None:
    with pytest.raises(SourceError, match="'stores' is not a table of the source; choose one of products"):
        inject(replayed, "stores", "nulls")


def test_an_unknown_fault_names_the_faults(replayed: Settings) -> None:
    with pytest.raises(SourceError, match="'fire' is not a fault; choose one of nulls"):
        inject(replayed, "transactions", "fire")  # type: ignore[arg-type]


def test_nothing_can_break_before_anything_landed(settings: Settings) -> None:
    with pytest.raises(SourceError, match="no transactions have landed; emit first"):
        inject(settings, "transactions", "nulls")
