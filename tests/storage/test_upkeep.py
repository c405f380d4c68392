"""History stays bounded, and only what nobody can read any more is deleted."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.table import Table

from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.snapshots import history, published, rejected
from mesh_orchestration.storage.upkeep import Policy, maintain, snapshot_files
from tests.builders import settings_at
from tests.publication.publishing import ORDERS, amounts_of, files_on_disk, publish_orders, served

AT_ONCE = Policy(snapshots=2, grace=timedelta(0))


def table_of(lake: Lake) -> Table:
    table = lake.table(ORDERS.address)
    assert table is not None
    return table


def parquet(lake: Lake) -> set[str]:
    """The runs whose rows are on disk."""
    return {path.parent.name.rsplit("-", 1)[0] for path in files_on_disk(lake) if path.suffix == ".parquet"}


def publish_many(lake: Lake, count: int) -> None:
    for number in range(count):
        publish_orders(lake, number, run=f"r{number}")


def test_a_lake_without_the_table_has_nothing_to_do(lake: Lake) -> None:
    assert maintain(lake, ORDERS.address).snapshots == 0


def test_old_snapshots_expire_and_their_files_go(lake: Lake) -> None:
    publish_many(lake, 5)
    done = maintain(lake, ORDERS.address, AT_ONCE)

    assert done.snapshots == 3
    assert [one.run_id for one in history(lake, ORDERS.address)] == ["r4", "r3"]
    assert parquet(lake) == {"r4", "r3"}
    assert done.files >= 9
    assert done.bytes > 0
    assert served(lake) == [4]


def test_files_of_expired_snapshots_stay_for_the_grace_period(lake: Lake) -> None:
    publish_many(lake, 3)
    maintain(lake, ORDERS.address, Policy(snapshots=1, grace=timedelta(hours=1)))

    assert len(history(lake, ORDERS.address)) == 1
    assert parquet(lake) == {"r0", "r1", "r2"}

    maintain(lake, ORDERS.address, Policy(snapshots=1, grace=timedelta(hours=1), unfinished=timedelta(0)))
    assert parquet(lake) == {"r0", "r1", "r2"}

    maintain(lake, ORDERS.address, AT_ONCE)
    assert parquet(lake) == {"r2"}


def test_a_reader_that_planned_before_the_expiry_finishes(lake: Lake) -> None:
    publish_orders(lake, 7, run="r0")
    before = published(lake, ORDERS.address)
    publish_many(lake, 3)
    maintain(lake, ORDERS.address, Policy(snapshots=3))
    assert amounts_of(lake, before) == [7]


def test_tags_and_branches_keep_what_they_name(lake: Lake) -> None:
    publish_many(lake, 4)
    ids = {one.run_id: one.snapshot_id for one in history(lake, ORDERS.address)}
    table_of(lake).manage_snapshots().create_tag(ids["r0"], "audited-2026").create_branch(ids["r1"], "what-if").commit()

    maintain(lake, ORDERS.address, Policy(snapshots=1, grace=timedelta(0), unfinished=timedelta(0)))

    assert {one.snapshot_id for one in table_of(lake).metadata.snapshots} == {ids["r0"], ids["r1"], ids["r3"]}
    assert parquet(lake) == {"r0", "r1", "r3"}


def test_files_that_a_later_snapshot_shares_stay(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    table = table_of(lake)
    table.append(table.scan().to_arrow())
    maintain(lake, ORDERS.address, Policy(snapshots=1, grace=timedelta(0)))

    assert len(history(lake, ORDERS.address)) == 1
    assert served(lake) == [1, 1]


def test_refused_rows_expire_after_their_days(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    publish_orders(lake, -2, run="r2")

    maintain(lake, ORDERS.address, AT_ONCE)
    assert len(rejected(lake, ORDERS.address)) == 1

    done = maintain(lake, ORDERS.address, Policy(rejected=timedelta(0), grace=timedelta(0)))
    assert done.branches == ("audit-r2",)
    assert rejected(lake, ORDERS.address) == ()
    assert parquet(lake) == {"r1"}
    assert served(lake) == [1]


def test_only_the_newest_refused_rows_are_kept(lake: Lake) -> None:
    for number in range(5):
        publish_orders(lake, -1, run=f"r{number}")
    maintain(lake, ORDERS.address, Policy(refused=2, grace=timedelta(0)))

    assert [one.run_id for one in rejected(lake, ORDERS.address)] == ["r4", "r3"]
    assert parquet(lake) == {"r4", "r3"}


def test_a_publication_that_is_under_way_is_not_disturbed(lake: Lake) -> None:
    def tidy_meanwhile(stage: str) -> None:
        if stage == "publish":
            maintain(lake, ORDERS.address, Policy(refused=0, rejected=timedelta(0), grace=timedelta(0)))

    assert publish_orders(lake, 1, run="r1", observer=tidy_meanwhile).published
    assert served(lake) == [1]


def test_a_product_that_is_refused_for_ever_does_not_fill_the_disk(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, MESH_REJECTED_KEEP="1", MESH_FILES_GRACE_MINUTES="0")
    with open_lake(settings) as lake:
        for number in range(13):
            publish_orders(lake, -1, run=f"r{number}")

        assert len(rejected(lake, ORDERS.address)) < 5


def test_copies_on_their_way_to_an_object_store_go_once_they_are_old(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    left = lake.settings.home / "staging" / "orders__order_lines_v1" / "r0-0a1b2c3d"
    left.mkdir(parents=True)
    maintain(lake, ORDERS.address)
    assert left.exists()

    maintain(lake, ORDERS.address, Policy(unfinished=timedelta(0)))
    assert not left.exists()


def test_files_that_no_commit_ever_named_go_once_they_are_old(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    stray = Path(table_of(lake).location().removeprefix("file://")) / "data" / "lost-0a1b2c3d" / "part.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"half a file")
    maintain(lake, ORDERS.address, AT_ONCE)
    assert stray.exists()

    yesterday = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    os.utime(stray, (yesterday, yesterday))
    for path in files_on_disk(lake):
        os.utime(path, (yesterday, yesterday))
    assert maintain(lake, ORDERS.address, AT_ONCE).files == 1
    assert not stray.exists()
    assert served(lake) == [1]


@pytest.mark.slow
def test_publishing_keeps_history_and_disk_bounded_by_itself(tmp_path: Path) -> None:
    settings: Settings = settings_at(tmp_path, MESH_SNAPSHOTS_KEEP="3", MESH_FILES_GRACE_MINUTES="0")
    with open_lake(settings) as lake:
        longest = 0
        for number in range(45):
            publish_orders(lake, number, run=f"r{number}")
            longest = max(longest, len(history(lake, ORDERS.address)))

        assert longest <= 3 + Policy.every
        assert served(lake) == [44]
        # Notes are due at the next tidying, so at most two rounds of files wait on disk.
        assert len(parquet(lake)) <= 3 + 2 * Policy.every
        assert len(list(files_on_disk(lake))) < 150


def test_a_snapshot_knows_its_files(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    snapshot = published(lake, ORDERS.address)
    assert snapshot is not None

    files = snapshot_files(table_of(lake), snapshot.snapshot_id)
    assert (len(files.metadata), len(files.data)) == (2, 1)
    assert snapshot_files(table_of(lake), 42).data == ()
