"""Landed files without a person's rows, in every format, byte for byte the same otherwise."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.contract.types import LogicalType, parse_type
from mesh_orchestration.errors import SourceError
from mesh_orchestration.privacy.landed import LandedFile, held, rewrite
from mesh_orchestration.privacy.subject import Subject

LONG, TEXT = parse_type("long"), parse_type("string")


def landed(path: Path, text: str | bytes, kind: LogicalType = TEXT, name: str = "who") -> LandedFile:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return LandedFile(path, {".csv": "csv", ".json": "json"}[path.suffix], {name: kind})


def test_a_csv_file_keeps_every_other_byte(tmp_path: Path) -> None:
    kept = b'\xef\xbb\xbfwho,said\r\n"Bob, the 2nd","a ""b""\nc"\r\n'
    file = landed(tmp_path / "a.csv", kept + b'ann,"x\ny"\r\n"ann",z\r\nANN,w\r\n')

    assert (held(file, Subject("ann")), rewrite(file, Subject("ann"))) == (2, 2)
    assert file.path.read_bytes() == kept + b"ANN,w\r\n"


def test_a_number_is_the_same_however_it_is_spelled(tmp_path: Path) -> None:
    file = landed(tmp_path / "a.csv", "id,n\n42,a\n 42 ,b\n+42,c\n042,d\n420,e\n,f\n", LONG, "id")

    assert rewrite(file, Subject("42")) == 4
    assert file.path.read_text() == "id,n\n420,e\n,f\n"


def test_json_lines_lose_only_the_person(tmp_path: Path) -> None:
    file = landed(tmp_path / "a.json", '{"id": 42, "n": 1}\n\n{"n": 2, "id": "42"}\n{"id":421}\n[42]\n', LONG, "id")

    assert rewrite(file, Subject("42")) == 2
    assert file.path.read_text() == '\n{"id":421}\n[42]\n'


@pytest.mark.parametrize(
    "column",
    [
        pa.array([42, 7, None], pa.int64()),
        pa.array([42, 7, None], pa.int16()),
        pa.array(["42", "7", None]),
        pa.array(["42", "7", None]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_a_parquet_file_keeps_schema_codec_and_other_rows(tmp_path: Path, column: pa.Array) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"who": column, "n": [1, 2, 3]}), path, compression="gzip")
    schema = pq.read_schema(path)
    kind = LONG if pa.types.is_integer(column.type) else TEXT
    file = LandedFile(path, "parquet", {"who": kind})

    assert (held(file, Subject("42")), rewrite(file, Subject("42"))) == (1, 1)
    assert pq.read_schema(path).equals(schema)
    assert pq.read_metadata(path).row_group(0).column(0).compression == "GZIP"
    assert pq.read_table(path)["n"].to_pylist() == [2, 3]


def test_a_key_that_the_type_cannot_hold_is_nowhere(tmp_path: Path) -> None:
    file = landed(tmp_path / "a.csv", "id\n42\n", LONG, "id")

    assert (held(file, Subject("ann")), rewrite(file, Subject("ann"))) == (0, 0)


def test_a_file_that_cannot_be_read_is_named_and_left(tmp_path: Path) -> None:
    file = landed(tmp_path / "a.json", '{"who": "ann"}\n{"who": ')

    with pytest.raises(SourceError, match=r"a\.json: cannot be read as json"):
        rewrite(file, Subject("ann"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json"]
    assert file.path.read_text().startswith('{"who": "ann"}')
