from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.drafts.profile import find_key, profile


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def key_of(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, list[Any]], kind: str = "bigint"
) -> tuple[str, ...]:
    names = list(columns)
    connection.execute(f"create or replace table t ({', '.join(f'{name} {kind}' for name in names)})")
    rows = list(zip(*columns.values(), strict=True))
    if rows:
        connection.executemany(f"insert into t values ({', '.join('?' * len(names))})", rows)
    words = dict.fromkeys(names, "long" if kind == "bigint" else "string")
    return find_key(connection, "t", words, profile(connection, "t", words))


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(*[st.integers(0, 3) | st.none()] * 3), max_size=12))
def test_a_key_tells_all_rows_apart_and_no_part_of_it_does(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[int | None, ...]]
) -> None:
    columns = {name: [row[place] for row in rows] for place, name in enumerate(("a_id", "b_id", "day"))}
    key = key_of(connection, columns)
    if not key:
        return
    values = list(zip(*(columns[name] for name in key), strict=True))
    assert len(set(values)) == len(values) > 1
    assert not any(value is None for row in values for value in row)
    for left_out in range(len(key) if len(key) > 1 else 0):
        fewer = [row[:left_out] + row[left_out + 1 :] for row in values]
        assert len(set(fewer)) < len(fewer) or not any(name.endswith("id") for name in set(key) - {key[left_out]})


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"amount": [1, 2], "order_id": [5, 6]}, ("order_id",)),
        ({"amount": [1, 2, 3], "order_id": [5, 6, 6], "line": [1, 1, 2]}, ("order_id", "line")),
        ({"amount": [1, 2, 3], "order_id": [5, 6, None], "line": [1, 1, 2]}, ("amount",)),
        ({"amount": [1, 1, 3], "size": [1, 2, 2]}, ()),
        ({"order_id": [1]}, ()),
        ({"order_id": []}, ()),
        ({"order_id": [None, None]}, ()),
    ],
)
def test_columns_that_are_named_like_identifiers_come_first(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, list[int]], key: tuple[str, ...]
) -> None:
    assert key_of(connection, columns) == key


def test_a_key_that_fails_late_is_not_one(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace table t as select i // 300 as a_id, i % 300 as b_id, i as c_id from range(60000) r(i) "
        "union all select 0, 0, 0"
    )
    words = dict.fromkeys(("a_id", "b_id", "c_id"), "long")
    assert find_key(connection, "t", words, profile(connection, "t", words)) == ()
