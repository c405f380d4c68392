from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesh_orchestration.errors import SourceError
from mesh_orchestration.replay.landing import (
    Origin,
    covered,
    deliveries,
    interval_stem,
    naive_utc,
    only_writer,
    place,
    read_origin,
    write_origin,
)


def at(*parts: int) -> datetime:
    """A moment of the source's clock: UTC without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


MONDAY, TUESDAY, FRIDAY = at(2026, 11, 16), at(2026, 11, 17), at(2026, 11, 20, 3, 4, 5)


def test_the_folder_says_what_it_covers(tmp_path: Path) -> None:
    for stem in (
        interval_stem(MONDAY, TUESDAY),
        interval_stem(TUESDAY, FRIDAY),
        f"{interval_stem(MONDAY, TUESDAY)}_r01",
    ):
        (tmp_path / f"{stem}.parquet").touch()
    assert covered(tmp_path) == (MONDAY, FRIDAY)
    assert [(delivery.interval, delivery.revision) for delivery in deliveries(tmp_path)] == [
        ((MONDAY, TUESDAY), 0),
        ((MONDAY, TUESDAY), 1),
        ((TUESDAY, FRIDAY), 0),
    ]


def test_an_empty_or_missing_folder_covers_nothing(tmp_path: Path) -> None:
    assert covered(tmp_path / "transactions") is None


def test_a_file_without_rows_is_not_kept(tmp_path: Path) -> None:
    assert place(tmp_path / "full.parquet", lambda path: path.write_bytes(b"")) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_origin_is_kept(tmp_path: Path) -> None:
    assert read_origin(tmp_path) is None
    write_origin(tmp_path, Origin(MONDAY, 8))
    assert read_origin(tmp_path) == Origin(MONDAY, 8)


def test_a_damaged_origin_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / ".replay.json").write_text("{")
    with pytest.raises(SourceError, match=r"\.replay\.json: is not readable; delete the landing folder"):
        read_origin(tmp_path)


def test_the_writer_clears_what_a_killed_one_left(tmp_path: Path) -> None:
    leftover = tmp_path / "transactions" / ".x.parquet.tmp"
    leftover.parent.mkdir()
    leftover.touch()
    with only_writer(tmp_path):
        assert not leftover.exists()


def test_a_landing_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "landing"
    taken.touch()
    with pytest.raises(SourceError, match="landing: cannot be written"), only_writer(taken):
        pass


def test_a_moment_needs_a_time_zone() -> None:
    assert naive_utc(datetime(2026, 11, 16, 1, 2, 3, 999, tzinfo=UTC)) == at(2026, 11, 16, 1, 2, 3)
    with pytest.raises(ValueError, match="has no time zone"):
        naive_utc(MONDAY)
