from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.errors import SourceError
from mesh_orchestration.settings import Settings
from tests.drafts.drafting import comments, constraints, drafted, fields, finished


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "sales.csv"


def lines(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path


def column(path: Path, *values: str) -> Path:
    return lines(
        path, "x,y", *(f'"{value}",{number}' if value else f",{number}" for number, value in enumerate(values))
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (("1", "-2", "+3", "", "0"), "long"),
        (("9223372036854775808", "1"), "double"),
        (("1", "2.5", ".5", "1e3"), "double"),
        (("true", "FALSE", ""), "boolean"),
        (("yes", "no"), "string"),
        (("2026-01-01", "2026-12-31"), "date"),
        (("2026-01-01", "2026-12-31 10:00"), "timestamp"),
        (("2026-01-01T10:00:00.5", "2026-12-31 10:00"), "timestamp"),
        (("2026-01-01T10:00:00Z", "2026-12-31 10:00:00+02"), "timestamptz"),
        (("10:00", "23:59:59"), "time"),
        (("6d5bf9a5-0000-4000-8000-000000000000", ""), "uuid"),
        (("2026-02-30",), "string"),
        (("a", "1"), "string"),
        (("", ""), "string"),
    ],
)
def test_a_column_has_the_narrowest_type_that_landing_reads(
    values: tuple[str, ...], word: str, csv: Path, settings: Settings
) -> None:
    assert fields(drafted(column(csv, *values), settings))["x"] == word


@pytest.mark.parametrize(
    ("values", "remark"),
    [
        (("01067", "01069"), "digits with leading zeros, kept as text so that the zeros stay"),
        (("1,5", "1.000,25"), "numbers with a decimal comma; landing reads a decimal point"),
        (("31.12.2026", "1/2/2026 10:00"), "dates written day or month first; landing reads 2026-12-31"),
        (("", ""), "no value to judge the type by: string is a guess"),
        ((*map(str, range(19)), "n/a"), "kept as text: nearly all values are long, but 1 is not, such as 'n/a'"),
        (
            (*map(str, range(30)), "?", "?", "-"),
            "kept as text: nearly all values are long, but 3 are not, such as '?' (2 times), '-'",
        ),
    ],
)
def test_why_a_column_is_text_is_said(values: tuple[str, ...], remark: str, csv: Path, settings: Settings) -> None:
    assert comments(drafted(column(csv, *values), settings), "x")[0] == remark


def test_values_that_break_a_personal_column_are_not_quoted(csv: Path, settings: Settings) -> None:
    lines(csv, "phone,id", *(f"{number},{number}" for number in range(100, 130)), "call Ann,1")
    assert comments(drafted(csv, settings), "phone")[0] == "kept as text: nearly all values are long, but 1 is not"


def test_a_value_after_the_first_rows_still_counts(csv: Path, settings: Settings) -> None:
    lines(csv, "x", *(str(number) for number in range(10_500)), "10.5")
    assert fields(drafted(csv, settings)) == {"x": "double"}


def test_quotes_line_breaks_and_a_byte_order_mark_are_read(csv: Path, settings: Settings) -> None:
    csv.write_text('\ufeffid,"a ""note"""\r\n1,"two\r\nlines, one comma"\r\n2,""\r\n', encoding="utf-8")
    found = drafted(csv, settings)
    assert (found.rows, found.renamed) == (2, {'a "note"': "a_note"})
    assert comments(found, "a_note")[1] == "observed: '', 'two\\r\\nlines, one comma', no nulls in 2 rows, 2 distinct"


def test_odd_names_become_legal_ones_and_the_port_knows_both(csv: Path, settings: Settings) -> None:
    found = drafted(lines(csv, "Order ID,order_id,2026 total,_batch,Größe", "1,2,3,4,5"), settings)
    assert found.renamed == {
        "Order ID": "order_id_2", "2026 total": "column_2026_total", "_batch": "batch", "Größe": "groe",
    }  # fmt: skip
    assert found.port is not None
    assert found.port["names"] == {new: old for old, new in found.renamed.items()}
    assert finished(found, settings).source == "contracts/shop/things/v1.yaml"


def test_a_table_of_names_only_has_no_types(csv: Path, settings: Settings) -> None:
    found = drafted(lines(csv, "a,b"), settings)
    assert (fields(found), found.rows, constraints(found)) == ({"a": "string", "b": "string"}, 0, {})


def test_of_a_large_file_the_first_rows_are_looked_at(csv: Path, settings: Settings) -> None:
    lines(csv, "id", *(str(number) for number in range(100)))
    found = drafted(csv, settings, rows=10)
    assert comments(found, "id")[0] == "observed: 0 … 9, no nulls in 10 rows, 10 distinct"
    said = "everything here is judged by the first 10 rows; there are more"
    assert (said in found.to_decide, said in drafted(csv, settings, rows=100).to_decide) == (True, False)
    assert drafted(csv, settings, rows=0).rows == 100


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; a CSV file starts with the names of its columns"),
        (b"\n1,2\n", "has an empty first line"),
        (b"a;b\n1;2\n", "separated by semicolons; a batch input reads commas. Convert it: duckdb -c"),
        (b"a\tb\n1\t2\n", "separated by tabs"),
        (b"a,b\n1,caf\xe9\n", r"line 2: byte 0xe9 is not UTF-8; save it as UTF-8: iconv"),
        (b"a,b\n" + b"1,2\n" * 100_000 + b"1,caf\xe9\n", r"line 100002: byte 0xe9 is not UTF-8"),
        (b"a,b\n1,2\n1,2,3\n", r"cannot be read as CSV: .*Line: 3, Expected Number of Columns: 2 Found: 3"),
        (b"1,2.5\n3,4\n", "line 1: 1, 2.5 looks like data"),
        (b"a,b,A\n1,2,3\n", "line 1: 'A' names two columns; rename one"),
        (b"a,,c\n1,2,3\n", "line 1: column 2 of 3 has no name; name it"),
        (b"PK\x03\x04\x00\x00", "is no text"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place_and_the_fix(
    content: bytes, said: str, csv: Path, settings: Settings
) -> None:
    csv.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        drafted(csv, settings)


def test_files_of_a_pattern_that_differ_are_refused_by_name(tmp_path: Path, settings: Settings) -> None:
    lines(tmp_path / "1.csv", "id,amount", "1,2")
    lines(tmp_path / "2.csv", "id,price", "1,2")
    with pytest.raises(SourceError, match=r"2\.csv: its columns are not those of 1\.csv \(amount, price\)"):
        drafted(f"{tmp_path}/*.csv", settings)
