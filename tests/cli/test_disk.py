"""Which failures are the disk's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mesh_orchestration.cli.disk import disk_trouble


def failure_of(path: Path, *statements: str, mode: str = "rwc") -> Exception:
    """What SQLite raises for the last of the statements, as another library passes it on."""
    try:
        try:
            connection = sqlite3.connect(f"file:{path}?mode={mode}", uri=True, isolation_level=None)
            for statement in statements:
                connection.execute(statement)
        except sqlite3.Error as error:
            raise RuntimeError("the event could not be stored") from error
    except RuntimeError as error:
        return error
    raise AssertionError("nothing failed")


def test_a_database_without_room_is_the_disks_trouble(tmp_path: Path) -> None:
    failed = failure_of(
        tmp_path / "full.db", "create table t (c)", "pragma max_page_count = 2", "insert into t values (zeroblob(9999))"
    )
    assert disk_trouble(failed) == "database or disk is full"


def test_a_database_that_may_only_be_read_is_the_disks_trouble(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "old.db").execute("create table t (c)").connection.commit()
    failed = failure_of(tmp_path / "old.db", "insert into t values (1)", mode="ro")
    assert disk_trouble(failed) == "attempt to write a readonly database"


def test_a_folder_that_is_a_file_is_the_disks_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory") as failure:
        (tmp_path / "file" / "below").write_text("")
    assert "Not a directory" in disk_trouble(failure.value)


def test_a_wrong_query_is_not_the_disks_trouble(tmp_path: Path) -> None:
    assert disk_trouble(failure_of(tmp_path / "new.db", "select * from nowhere")) == ""
    assert disk_trouble(KeyError("rows")) == ""
