from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import batch
from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs import IngestContext, Ingested, ingest
from mesh_orchestration.settings import Settings
from tests.engines.landing import NOON


def port(**given: Any) -> InputPort:
    columns = {"basket_id": "long", "product": "string"}
    return InputPort(**{"name": "lines", "type": "batch", "path": "lines/*.parquet", "columns": columns, **given})


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with engine_for(settings, "orders") as opened:
        yield opened


@pytest.fixture
def folder(settings: Settings) -> Path:
    path = settings.landing_dir / "lines"
    path.mkdir(parents=True)
    return path


def run(engine: Engine, settings: Settings, **given: Any) -> Ingested:
    return ingest(port(**given), engine, context=IngestContext(settings, "run-1", NOON))


def drop(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns or {"basket_id": [1], "product": ["a"]}), path)
    return path


def landed(engine: Engine) -> list[tuple[object, ...]]:
    return engine.execute(
        f"select basket_id, product, _batch from {engine.relation('landing__lines')} order by 1, 2, 3"
    )


def test_each_new_file_is_one_batch_in_order_of_name(engine: Engine, settings: Settings, folder: Path) -> None:
    drop(folder / "2.parquet", basket_id=[2], product=["b"])
    drop(folder / "1.parquet", basket_id=[1], product=["a"])
    assert run(engine, settings) == Ingested(
        "lines", 2, ("lines/1.parquet", "lines/2.parquet"), watermark="lines/2.parquet"
    )
    assert landed(engine) == [(1, "a", "lines/1.parquet"), (2, "b", "lines/2.parquet")]


def test_a_second_run_takes_only_what_is_new(engine: Engine, settings: Settings, folder: Path) -> None:
    drop(folder / "1.parquet")
    run(engine, settings)
    assert run(engine, settings) == Ingested("lines", watermark="lines/1.parquet")
    drop(folder / "2.parquet", basket_id=[2], product=["b"])
    assert run(engine, settings).batches == ("lines/2.parquet",)
    assert len(landed(engine)) == 2


def test_a_late_file_with_an_earlier_name_is_not_missed(engine: Engine, settings: Settings, folder: Path) -> None:
    drop(folder / "2.parquet")
    run(engine, settings)
    drop(folder / "1.parquet")
    assert run(engine, settings) == Ingested("lines", 1, ("lines/1.parquet",), watermark="lines/2.parquet")


def test_a_file_delivered_again_unchanged_is_not_counted_twice(
    engine: Engine, settings: Settings, folder: Path
) -> None:
    path = drop(folder / "1.parquet")
    run(engine, settings)
    os.utime(path, ns=(1, 1))
    assert run(engine, settings).batches == ()


def test_a_corrected_file_replaces_its_rows(engine: Engine, settings: Settings, folder: Path) -> None:
    drop(folder / "1.parquet", basket_id=[1, 2], product=["a", "b"])
    run(engine, settings)
    drop(folder / "1.parquet", basket_id=[1], product=["corrected"])
    assert run(engine, settings).rows == 1
    assert landed(engine) == [(1, "corrected", "lines/1.parquet")]


def test_a_file_that_is_still_being_written_is_left_alone(engine: Engine, settings: Settings, folder: Path) -> None:
    drop(folder / "1.parquet")
    for name in (".2.parquet", "_2.parquet"):
        (folder / name).write_bytes(b"half")
    assert run(engine, settings).batches == ("lines/1.parquet",)


@pytest.mark.parametrize("keep", [10, -6, 0])
def test_a_truncated_file_is_refused_and_earlier_files_stay(
    engine: Engine, settings: Settings, folder: Path, keep: int
) -> None:
    drop(folder / "1.parquet")
    whole = drop(folder / "2.parquet").read_bytes()
    (folder / "2.parquet").write_bytes(whole[:keep])
    with pytest.raises(SourceError, match=r"2\.parquet: cannot be read as parquet.*nothing of it was kept"):
        run(engine, settings)
    assert [entry.batch for entry in engine.ledger("lines")] == ["lines/1.parquet"]


def test_a_file_with_damaged_pages_is_refused(engine: Engine, settings: Settings, folder: Path) -> None:
    path = drop(folder / "1.parquet", basket_id=list(range(5000)), product=[f"p{n}" for n in range(5000)])
    content = bytearray(path.read_bytes())
    content[200:1200] = b"\xff" * 1000
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"1\.parquet: cannot be read as parquet"):
        run(engine, settings)
    assert (landed(engine), engine.ledger("lines")) == ([], ())


def test_a_renamed_column_is_refused_with_the_nearest_name(engine: Engine, settings: Settings, folder: Path) -> None:
    path = drop(folder / "1.parquet", basketid=[1], product=["a"])
    with pytest.raises(SourceError) as raised:
        run(engine, settings)
    assert str(raised.value) == (
        f"{path}: column basket_id: not in the file, expected long (BIGINT); did you mean 'basketid'?"
    )


def test_a_changed_type_is_refused_naming_found_and_expected(engine: Engine, settings: Settings, folder: Path) -> None:
    path = drop(folder / "1.parquet", basket_id=["1"], product=[2])
    with pytest.raises(SourceError) as raised:
        run(engine, settings)
    assert str(raised.value) == (
        f"{path}: column basket_id: found VARCHAR, expected long (BIGINT); "
        "column product: found BIGINT, expected string (VARCHAR)"
    )


def test_columns_that_are_not_declared_are_ignored_with_a_warning(
    engine: Engine, settings: Settings, folder: Path
) -> None:
    drop(folder / "1.parquet", basket_id=[1], product=["a"], spare=[1])
    assert run(engine, settings).warnings == ("lines/1.parquet: ignored columns the port does not declare: spare",)


def test_repeated_keys_are_counted_and_landed_as_they_came(engine: Engine, settings: Settings, folder: Path) -> None:
    drop(folder / "1.parquet", basket_id=[1, 1, 1, 2], product=["a", "a", "b", "a"])
    result = run(engine, settings, key=["basket_id", "product"])
    assert result.warnings == ("lines/1.parquet: 1 of 4 rows repeat a key (basket_id, product)",)
    assert result.rows == 4


def test_no_file_is_a_warning_and_an_empty_table(engine: Engine, settings: Settings, folder: Path) -> None:
    assert run(engine, settings) == Ingested("lines", warnings=(f"no file matches {folder}/*.parquet",))
    assert landed(engine) == []


def test_a_missing_folder_is_an_error_until_something_was_landed(
    engine: Engine, settings: Settings, folder: Path
) -> None:
    drop(folder / "1.parquet")
    with pytest.raises(SourceError, match=r"lines: the folder .*elsewhere does not exist and nothing was ever landed"):
        run(engine, settings, path="elsewhere/*.parquet")
    run(engine, settings)
    (folder / "1.parquet").unlink()
    folder.rmdir()
    assert run(engine, settings).watermark == "lines/1.parquet"


def test_csv_files_land_as_declared(engine: Engine, settings: Settings, folder: Path) -> None:
    (folder / "1.csv").write_text("product,basket_id\na,1\n")
    run(engine, settings, path="lines/*.csv", format="csv")
    assert landed(engine) == [(1, "a", "lines/1.csv")]


def test_a_csv_value_of_another_type_is_refused_by_name(engine: Engine, settings: Settings, folder: Path) -> None:
    (folder / "1.csv").write_text("basket_id,product\n1,a\n1.5,b\n")
    with pytest.raises(SourceError, match=r"1\.csv: .*column basket_id: found 1\.5, expected long"):
        run(engine, settings, path="lines/*.csv", format="csv")
    assert landed(engine) == []


def test_a_truncated_csv_line_is_refused(engine: Engine, settings: Settings, folder: Path) -> None:
    (folder / "1.csv").write_text("basket_id,product\n1,a\n2")
    with pytest.raises(SourceError, match=r"1\.csv: cannot be read as csv"):
        run(engine, settings, path="lines/*.csv", format="csv")


def test_json_lines_land_as_declared(engine: Engine, settings: Settings, folder: Path) -> None:
    (folder / "1.json").write_text('{"basket_id": 1, "product": "a"}\n')
    run(engine, settings, path="lines/*.json", format="json")
    assert landed(engine) == [(1, "a", "lines/1.json")]


def test_a_json_key_that_is_never_there_is_refused(engine: Engine, settings: Settings, folder: Path) -> None:
    (folder / "1.json").write_text('{"basketid": 1, "product": "a"}\n')
    with pytest.raises(SourceError, match=r"column basket_id: not in the file.*did you mean 'basketid'\?"):
        run(engine, settings, path="lines/*.json", format="json")


def test_an_unknown_type_of_port_is_refused_with_the_nearest(engine: Engine, settings: Settings) -> None:
    with pytest.raises(SourceError, match=r"'batches' is not a type of input port; did you mean 'batch'\?"):
        ingest(InputPort(name="lines", type="batches"), engine, context=IngestContext(settings, "r", NOON))


@pytest.mark.parametrize("format_", ["parquet", "csv", "json"])
def test_a_file_may_spell_its_columns_as_no_table_can(
    engine: Engine, settings: Settings, folder: Path, format_: str
) -> None:
    rows = {"Basket No.": [1, 1], '2017 "best"': ["a", "b"]}
    path = folder / f"1.{format_}"
    if format_ == "parquet":
        drop(path, **rows)
    elif format_ == "csv":
        path.write_text('Basket No.,"2017 ""best"""\n1,a\n1,b\n')
    else:
        path.write_text('{"Basket No.": 1, "2017 \\"best\\"": "a"}\n{"Basket No.": 1, "2017 \\"best\\"": "b"}\n')
    given = {
        "path": f"lines/*.{format_}", "format": format_, "key": "basket_id",
        "names": {"basket_id": "Basket No.", "product": "2017 \"best\""},
    }  # fmt: skip
    assert run(engine, settings, **given).warnings == (f"lines/1.{format_}: 1 of 2 rows repeat a key (basket_id)",)
    assert [row[:2] for row in landed(engine)] == [(1, "a"), (1, "b")]


def test_a_column_that_is_missing_is_named_as_the_file_should_spell_it(
    engine: Engine, settings: Settings, folder: Path
) -> None:
    drop(folder / "1.parquet", **{"Basket No": [1], "product": ["a"]})
    with pytest.raises(SourceError, match=r"column Basket No\.: not in the file, .*did you mean 'Basket No'"):
        run(engine, settings, names={"basket_id": "Basket No."})


def test_names_in_the_files_belong_to_columns_of_the_port_and_differ() -> None:
    names = {"baskt_id": "Basket", "basket_id": "No.", "product": "No."}
    assert list(batch(port(names=names)).findings()) == [
        (("names", "baskt_id"), "'baskt_id' is not a column of this input; did you mean 'basket_id'?"),
        (("names", "product"), "'No.' is the name of basket_id already"),
    ]
