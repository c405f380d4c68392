"""What is quoted comes back letter for letter, whatever it contains."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mesh_orchestration.quoting import exactly, ident, literal

HARD = ("plain", "Two Words", 'a"b', "it's", '"; drop table t; --', "'; drop table t; --", "back\\slash", "größe", "")


@pytest.mark.parametrize("name", filter(None, HARD))
def test_a_name_names_one_column_whatever_it_contains(name: str) -> None:
    described = duckdb.execute(f"select 1 as {ident(name)}").description
    assert [column[0] for column in described or ()] == [name]


@pytest.mark.parametrize("text", HARD)
def test_a_text_is_read_as_itself(text: str) -> None:
    assert duckdb.execute(f"select {literal(text)}").fetchall() == [(text,)]


def test_the_parts_of_a_name_are_quoted_one_by_one() -> None:
    assert ident("a.b", 'c"d') == '"a.b"."c""d"'


def test_a_file_is_no_pattern(tmp_path: Path) -> None:
    asked = tmp_path / "[ab]*?'.csv"
    for path in (asked, tmp_path / "a-other.csv"):
        path.write_text(f'name\n"{path.name}"\n')
    found = duckdb.execute(f"select name from read_csv({exactly(asked)}, header = true)").fetchall()
    assert found == [(asked.name,)]
