"""When the warehouse or the catalog fails: consumers keep what they had, and the error says what to do."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from mesh_orchestration.errors import EngineError, StorageError
from mesh_orchestration.settings import CATALOG_NAME, Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.commit import CommitStateUnknown
from mesh_orchestration.storage.snapshots import audit_branches, history
from tests.builders import settings_at
from tests.publication.publishing import ORDERS, exported, files_on_disk, publish_orders, served


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: to a program this looks like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("stage", ["export", "write", "publish"])
def test_a_full_disk_keeps_what_was_published(lake: Lake, stage: str) -> None:
    publish_orders(lake, 9, run="r1")

    def fill(begins: str) -> None:
        if begins == stage:
            soft, hard = 300, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with files_at_most(resource.RLIM_INFINITY), pytest.raises(StorageError) as failure:
        publish_orders(lake, 1, 2, run="r2", observer=fill)

    assert "orders.order_lines.v1 cannot be written, what was published stays" in str(failure.value)
    assert f"make room under file://{lake.settings.home}/warehouse" in str(failure.value)
    assert served(lake) == [9]
    assert publish_orders(lake, 1, 2, run="r2").published
    assert served(lake) == [1, 2]


@pytest.mark.parametrize("stage", ["export", "write"])
def test_a_full_disk_leaves_no_rows_behind(lake: Lake, stage: str) -> None:
    publish_orders(lake, 9, run="r1")

    def fill(begins: str) -> None:
        if begins == stage:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with files_at_most(resource.RLIM_INFINITY), pytest.raises(StorageError):
        publish_orders(lake, 1, 2, run="r2", observer=fill)

    assert not any("r2-" in str(path) for path in files_on_disk(lake))


def test_an_engine_that_runs_out_of_room_is_no_refusal(lake: Lake) -> None:
    def full(directory: Path) -> list[Path]:
        raise EngineError("IO Error: Could not write file: No space left on device")

    with pytest.raises(StorageError, match="make room under"):
        publish_orders(lake, run="r1", export=full)


def test_a_warehouse_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where a folder should be")
    where = f"file://{tmp_path / 'occupied' / 'warehouse'}"
    settings = settings_at(tmp_path, PYICEBERG_CATALOG__MESH__WAREHOUSE=where)

    with open_lake(settings) as lake, pytest.raises(StorageError) as failure:
        publish_orders(lake, 1, run="r1")

    assert f"make {where} a folder that this user may write" in str(failure.value)


def test_a_catalog_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where a folder should be")
    settings = replace(settings_at(tmp_path), home=tmp_path / "occupied" / ".mesh")

    with pytest.raises(StorageError, match="the Iceberg catalog cannot be opened"):
        open_lake(settings)


class CutLine(SqlCatalog):
    """A catalog over a line that is cut around a commit: before it is sent, or before the answer comes."""

    lost = 0
    before = False

    def commit_table(self, *arguments: Any) -> Any:
        refs = [update for update in arguments[2] if getattr(update, "ref_name", "") == "main"]
        if not refs:
            return super().commit_table(*arguments)
        if not self.before:
            super().commit_table(*arguments)
        self.lost += 1
        raise ConnectionError("the line was cut")


def lake_with_a_cut_line(settings: Settings, *, before: bool) -> Lake:
    properties: Mapping[str, str] = settings.catalog_properties
    settings.home.mkdir(parents=True, exist_ok=True)
    catalog = CutLine(CATALOG_NAME, **properties)
    catalog.before = before
    return Lake(settings, catalog)


def test_a_commit_whose_answer_was_lost_counts_when_it_can_be_seen(settings: Settings) -> None:
    lake = lake_with_a_cut_line(settings, before=False)

    assert publish_orders(lake, 1, run="r1").published
    assert len(history(lake, ORDERS.address)) == 1


def test_an_unknown_commit_state_freezes_and_says_what_to_check(settings: Settings) -> None:
    lake = lake_with_a_cut_line(settings, before=True)

    with pytest.raises(CommitStateUnknown) as failure:
        publish_orders(lake, 1, run="r1")

    table = lake.table(ORDERS.address)
    assert table is not None
    assert lake.catalog.lost == 1  # type: ignore[attr-defined]
    assert "mesh show orders.order_lines.v1" in str(failure.value)
    assert audit_branches(table) == ("audit-r1",)
    assert any(path.suffix == ".parquet" for path in files_on_disk(lake))

    with open_lake(settings) as mended:
        assert publish_orders(mended, 1, run="r1", export=exported(2)).published
        assert served(mended) == [2]
