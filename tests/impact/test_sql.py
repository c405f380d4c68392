"""What a query reads, told from its text."""

from __future__ import annotations

import pytest

from mesh_orchestration.impact.columns import Reading
from mesh_orchestration.impact.sql import UnreadableSql, read_sql

KNOWN = {"t": ("a", "b", "c"), "u": ("x", "y"), "v": ("a", "z")}


def read(sql: str) -> Reading:
    return read_sql(sql, lambda relation: KNOWN.get(relation, ()))


def came(sql: str) -> dict[str, set[str]]:
    """For each column of the result what it comes from, as ``relation.column``."""
    return {name: {".".join(one) for one in origins} for name, origins in read(sql).columns.named.items()}


def used(sql: str) -> set[str]:
    return {".".join(one) for one in read(sql).used}


def deciding(sql: str) -> set[str]:
    return {".".join(one) for one in read(sql).deciding}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a, b as k, a + c as s from t", {"a": {"t.a"}, "k": {"t.b"}, "s": {"t.a", "t.c"}}),
        ("with p as (select * from t), r as (select a from p) select * from r", {"a": {"t.a"}}),
        ("select t.*, y from t join u on a = x", {"a": {"t.a"}, "b": {"t.b"}, "c": {"t.c"}, "y": {"u.y"}}),
        ("select * exclude (a) replace (c + 1 as c) from t", {"b": {"t.b"}, "c": {"t.c"}}),
        ("select a as k from t union all select y from u", {"k": {"t.a", "u.y"}}),
        ("select a, b from t union all by name select 1 as b, 2 as a", {"a": {"t.a"}, "b": {"t.b"}}),
        ("with r(n) as (select a from t) select n from r", {"n": {"t.a"}}),
        ("with recursive r(n) as (select a from t union all select n + 1 from r) select n from r", {"n": {"t.a"}}),
        ("select s.q from (select a as q from t) as s", {"q": {"t.a"}}),
        ("select s.q from (select a, b from t) as s(p, q)", {"q": {"t.b"}}),
        ("select (select max(y) from u where u.x = t.a) as m from t", {"m": {"u.y", "u.x", "t.a"}}),
        ("select g.v from t, unnest(t.b) as g(v)", {"v": {"t.b"}}),
        ("select t.b.inner_field as f from t", {"f": {"t.b"}}),
        ("select list_transform(b, e -> e + 1) as l from t", {"l": {"t.b"}}),
        ("select a + 1 as d, d * 2 as e from t", {"d": {"t.a"}, "e": {"t.a"}}),
        ("select sum(a) over (partition by b order by c) as w from t", {"w": {"t.a", "t.b", "t.c"}}),
        ("from t select a", {"a": {"t.a"}}),
        ("select A, \"b\" from T", {"a": {"t.a"}, "b": {"t.b"}}),
        ("(select a from t) order by a", {"a": {"t.a"}}),
        ("select i from range(10) as r(i)", {"i": set()}),
        ("select column1 from (values (1, 2))", {"column1": set()}),
        ("select a from t semi join u on t.a = u.x", {"a": {"t.a"}}),
    ],
)  # fmt: skip
def test_each_column_of_a_result_knows_where_it_comes_from(sql: str, expected: dict[str, set[str]]) -> None:
    assert came(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from t", set()),
        ("select count(*) from t", set()),
        ("select a from t where b > 1 group by a having max(c) > 1", {"t.a", "t.b", "t.c"}),
        ("select 1 from t join u on t.a = u.x", {"t.a", "u.x"}),
        ("select 1 from t join v using (a)", {"t.a", "v.a"}),
        ("select 1 from t where exists (select 1 from u where u.x = t.b and y = c)", {"t.b", "t.c", "u.x", "u.y"}),
        ("select a from t where a in (select y from u)", {"t.a", "u.y"}),
        ("select a from t qualify row_number() over (partition by b order by c) = 1", {"t.a", "t.b", "t.c"}),
        ("with dead as (select y from u) select a from t", {"u.y", "t.a"}),
        ("select distinct on (b) a from t order by b", {"t.a", "t.b"}),
        ("select sum(a) filter (where b) from t", {"t.a", "t.b"}),
    ],
)  # fmt: skip
def test_a_column_is_used_wherever_it_is_named(sql: str, expected: set[str]) -> None:
    assert used(sql) == expected


def test_what_joins_filters_and_groups_decides_which_rows_there_are() -> None:
    sql = "select a, sum(y) as s from t join u on t.b = u.x where c > 0 group by a"
    assert deciding(sql) == {"t.a", "t.b", "t.c", "u.x"}
    assert deciding("with p as (select a, b from t) select a from p") == set()


def test_a_column_that_is_gone_is_still_asked_of_the_relation_behind_the_star() -> None:
    assert used("with p as (select * from t) select gone from p") == {"t.gone"}


def test_an_unknown_relation_hands_on_what_is_asked_of_it() -> None:
    assert came("with p as (select * from dark) select q as k from p") == {"k": {"dark.q"}}


def test_a_name_that_two_unknown_relations_may_have_counts_for_both() -> None:
    assert used("select q from dark join black on dark.id = black.id") == {"dark.q", "black.q", "dark.id", "black.id"}


def test_a_row_taken_whole_or_by_a_pattern_or_pivoted_reads_every_column() -> None:
    everything = {"t.a", "t.b", "t.c"}
    assert used("select to_json(t) from t") == everything
    assert used("select columns('a.*') from t") == everything
    assert used("select * from t pivot (sum(a) for b in (1, 2))") == everything


@pytest.mark.parametrize(
    "sql",
    ["", "select 1; select 2", "delete from t", "this is no sql", "select * from t where", "(" * 3000 + "select 1"],
)
def test_what_is_no_query_is_said_to_be_unreadable(sql: str) -> None:
    with pytest.raises(UnreadableSql):
        read(sql)


def test_postgresql_is_read_where_duckdb_cannot() -> None:
    assert came("select a::text collate \"C\" as k from t where b ~* 'x'")["k"] == {"t.a"}
