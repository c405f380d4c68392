"""Ratings and comments: one rating a person, comments that only their author takes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from mesh_orchestration.catalog.feedback import (
    LONGEST,
    METADATA,
    Rating,
    comment,
    comments,
    rate,
    rating,
    rating_by,
    withdraw,
)
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings

LINES, NOW = "orders.order_lines.v1", datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def conn(settings: Settings) -> Iterator[Connection]:
    with open_catalog(settings) as catalog, catalog.writing() as connection:
        yield connection


def test_the_last_rating_of_a_person_counts(conn: Connection) -> None:
    for who, stars in (("ada", 2), ("bob", 4), ("ada", 5)):
        rate(conn, LINES, stars, who=who, at=NOW)
    assert rating(conn, LINES) == Rating(2, 4.5, {1: 0, 2: 0, 3: 0, 4: 1, 5: 1})
    assert (rating_by(conn, LINES, "ada"), rating_by(conn, LINES, "eve")) == (5, None)
    assert rating(conn, "orders.orders.v1").mean is None


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_a_rating_is_one_to_five(conn: Connection, stars: int) -> None:
    with pytest.raises(MeshError, match="give 1 to 5 stars"):
        rate(conn, LINES, stars, who="ada", at=NOW)


def test_comments_are_told_newest_first_and_only_their_author_takes_them_back(conn: Connection) -> None:
    first = comment(conn, LINES, " What is a line?\x00 ", who="ada", at=NOW)
    second = comment(conn, LINES, "<b>One product</b>", who="bob", at=NOW + timedelta(seconds=1))
    assert comments(conn, LINES, limit=1).comments == (second,)
    assert (comments(conn, LINES).total, first.text) == (2, "What is a line?")
    assert not withdraw(conn, LINES, first.id, who="bob")
    assert not withdraw(conn, "orders.orders.v1", first.id, who="ada")
    assert withdraw(conn, LINES, first.id, who="ada")
    assert comments(conn, LINES).comments == (second,)


@pytest.mark.parametrize("text", ["", " \n\x00", "x" * (LONGEST + 1)])
def test_an_empty_and_an_endless_comment_are_refused(conn: Connection, text: str) -> None:
    with pytest.raises(MeshError, match="comment"):
        comment(conn, LINES, text, who="ada", at=NOW)


def test_the_migration_makes_what_the_tables_say(settings: Settings) -> None:
    from sqlalchemy import inspect

    with open_catalog(settings) as catalog:
        made = inspect(catalog.engine)
        for table in METADATA.sorted_tables:
            columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}
