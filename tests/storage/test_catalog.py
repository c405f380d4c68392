"""Opening the lake, and what its errors say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import PublicationConflict, StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, local_path, open_lake, storage_errors


def test_a_lake_is_made_where_settings_say(settings: Settings) -> None:
    with open_lake(settings) as lake:
        assert lake.table(Address.parse("orders.orders.v1")) is None

    assert (settings.home / "catalog.db").exists()


def test_many_may_open_a_new_lake_at_once(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        lakes = list(pool.map(open_lake, [settings] * 8))

    assert {lake.table(Address.parse("orders.orders.v1")) for lake in lakes} == {None}


@pytest.mark.parametrize(
    ("location", "path"),
    [("file:///a/b c", Path("/a/b c")), ("/a/b", Path("/a/b")), ("s3://lake/a", None), ("abfss://x/y", None)],
)
def test_local_files_are_told_from_objects(location: str, path: Path | None) -> None:
    assert local_path(location) == path


def test_errors_of_the_mesh_pass_unchanged(lake: Lake) -> None:
    with pytest.raises(PublicationConflict, match=r"^mine$"), storage_errors("ours", lake.settings):
        raise PublicationConflict("mine")


def test_other_errors_say_what_failed_and_what_to_do(lake: Lake) -> None:
    with pytest.raises(StorageError) as failure, storage_errors("it cannot be read", lake.settings):
        raise OSError(28, "No space left on device")

    where = lake.settings.catalog_properties["warehouse"]
    said = f"it cannot be read: [Errno 28] No space left on device; make room under {where}, then run again"
    assert str(failure.value) == said
