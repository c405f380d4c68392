"""The databases of the mesh's own stores: made once, written in turns, and clear about what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.database import Database, Place
from tests.builders import settings_at
from tests.postgres import PostgresDatabase

TABLES = MetaData()
NOTES = Table("note", TABLES, Column("number", Integer, primary_key=True))


class Notes(Database):
    """A store of numbers."""

    place = Place("the notebook", "MESH_SLA_URL", "notes/notes.db", "write another", durable=False)
    tables = TABLES

    def count(self) -> int:
        with self.reading() as connection:
            return connection.execute(select(func.count()).select_from(NOTES)).scalar_one()

    def next(self) -> None:
        """Add the number after the greatest: two at once would add the same."""
        with self.writing() as connection:
            greatest = connection.execute(select(func.max(NOTES.c.number))).scalar() or 0
            connection.execute(insert(NOTES).values(number=greatest + 1))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield settings_at(tmp_path)
    else:
        database: PostgresDatabase = request.getfixturevalue("postgres")
        yield settings_at(tmp_path, MESH_SLA_URL=database.url)


def test_those_who_open_it_at_once_find_one_store(settings: Settings) -> None:
    together = Barrier(4)

    def write(_: int) -> None:
        together.wait(timeout=30)
        with Notes.open(settings) as notes:
            for _ in range(5):
                notes.next()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    with Notes.open(settings) as notes:
        assert notes.count() == 20


def test_a_writer_waits_for_the_one_before(settings: Settings) -> None:
    asked, seen = Event(), list[Any]()

    def second() -> None:
        with Notes.open(settings) as other:
            asked.set()
            other.next()
            seen.append("second")

    with Notes.open(settings) as notes, ThreadPoolExecutor(1) as threads:
        with notes.writing() as connection:
            later = threads.submit(second)
            assert asked.wait(timeout=30)
            connection.execute(insert(NOTES).values(number=7))
            seen.append("first")
        later.result(timeout=60)
        with notes.reading() as connection:
            assert (seen, connection.execute(select(NOTES.c.number)).scalars().all()) == (["first", "second"], [7, 8])


def test_what_fails_half_way_has_written_nothing(settings: Settings) -> None:
    with Notes.open(settings) as notes:
        with pytest.raises(StorageError, match="the notebook in"), notes.writing() as connection:
            connection.execute(insert(NOTES), [{"number": 1}, {"number": 2}, {"number": 1}])
        assert notes.count() == 0


def test_nothing_is_in_a_store_that_nobody_opened(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    before = Notes.place.begun(settings)
    with Notes.open(settings):
        assert (before, Notes.place.begun(settings)) == (False, True)


def test_a_file_that_is_no_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    file = Notes.place.path(settings)
    file.parent.mkdir(parents=True)
    file.write_text("no database" * 200, encoding="utf-8")
    with pytest.raises(StorageError) as failed:
        Notes.open(settings)
    assert str(failed.value) == f"the notebook in {file} cannot be used: file is not a database; write another"


@pytest.mark.parametrize("url", ["nonsense", "oracle://scott:tiger@db/x", "postgresql://scott:tiger@127.0.0.1:1/x"])
def test_a_database_that_cannot_be_reached_is_named_by_its_setting_and_never_by_its_password(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match="the notebook in the database of MESH_SLA_URL cannot be used") as failed:
        Notes.open(settings_at(tmp_path, MESH_SLA_URL=url))
    assert "tiger" not in str(failed.value)
