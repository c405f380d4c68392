"""What consumers and people read about a product's snapshots."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import StorageError
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.snapshots import history, published, rejected, resolve
from tests.publication.publishing import NOW, ORDERS, publish_orders

HOUR = timedelta(hours=1)


def three_publications(lake: Lake) -> list[int]:
    """Published at NOW, an hour later and two hours later; their snapshot ids, oldest first."""
    found = [publish_orders(lake, n, run=f"r{n}", now=NOW + n * HOUR).snapshot_id for n in range(3)]
    return [one for one in found if one is not None]


def test_nothing_is_known_about_a_product_that_was_never_written(lake: Lake) -> None:
    address = Address.parse("orders.nothing.v1")

    assert (published(lake, address), history(lake, address), rejected(lake, address)) == (None, (), ())


def test_history_is_newest_first(lake: Lake) -> None:
    ids = three_publications(lake)

    assert [one.snapshot_id for one in history(lake, ORDERS.address)] == ids[::-1]


def test_without_as_of_the_published_snapshot_is_read(lake: Lake) -> None:
    ids = three_publications(lake)

    assert resolve(lake, ORDERS.address).snapshot_id == ids[2]


def test_as_of_takes_a_snapshot_id(lake: Lake) -> None:
    ids = three_publications(lake)

    assert resolve(lake, ORDERS.address, ids[0]).snapshot_id == ids[0]
    assert resolve(lake, ORDERS.address, str(ids[1])).snapshot_id == ids[1]


def test_as_of_takes_a_time_and_reads_what_was_published_then(lake: Lake) -> None:
    ids = three_publications(lake)

    assert resolve(lake, ORDERS.address, NOW + 1.5 * HOUR).snapshot_id == ids[1]
    assert resolve(lake, ORDERS.address, "2026-11-20T06:30:00").snapshot_id == ids[0]
    assert resolve(lake, ORDERS.address, "2026-11-20T09:30:00+02:00").snapshot_id == ids[1]
    assert resolve(lake, ORDERS.address, "20261121").snapshot_id == ids[2]


def refused(lake: Lake, as_of: str) -> list[str]:
    """The lines in which a moment or an id is refused."""
    with pytest.raises(StorageError) as caught:
        resolve(lake, ORDERS.address, as_of)
    return str(caught.value).splitlines()


GIVE = (
    "give a snapshot id (mesh show lists them), a day (2026-11-20) or a time "
    "(2026-11-20T06:00:00 in UTC, 2026-11-20T07:00:00+01:00)"
)


def test_as_of_before_the_first_publication_shows_the_oldest_that_are_kept(lake: Lake) -> None:
    ids = three_publications(lake)
    publish_orders(lake, 3, run="r3", now=NOW + 3 * HOUR)

    assert refused(lake, "2026-11-19") == [
        f"orders.order_lines.v1 keeps nothing as of '2026-11-19' (2026-11-19T00:00:00Z); {GIVE}",
        "the oldest of 4 that are kept:",
        *(f"  {ids[n]}  2026-11-20T0{6 + n}:00:00Z  1 row" for n in (2, 1, 0)),
    ]


def test_an_id_that_is_not_kept_shows_those_that_are_written_alike(lake: Lake) -> None:
    ids = three_publications(lake)
    said, kept, *alike = refused(lake, str(ids[1])[:-3])

    assert said == f"orders.order_lines.v1 keeps no snapshot {str(ids[1])[:-3]}; {GIVE}"
    assert (kept, alike[0].split()) == (
        "the most alike of 3 that are kept:", [str(ids[1]), "2026-11-20T07:00:00Z", "1", "row"]
    )  # fmt: skip


@pytest.mark.parametrize("as_of", ["yesterday", "", "2026-13-01", "0001-01-01T00:00:00+05:00"])
def test_as_of_that_is_neither_shows_the_newest(lake: Lake, as_of: str) -> None:
    ids = three_publications(lake)
    said, kept, *newest = refused(lake, as_of)

    assert said == f"orders.order_lines.v1: '{as_of}' is neither a snapshot id nor a time; {GIVE}"
    assert (kept, [line.split()[0] for line in newest]) == ("all 3 that are kept:", [str(one) for one in ids[::-1]])


def test_a_product_that_was_never_published_says_how_to_publish_it(lake: Lake) -> None:
    publish_orders(lake, -1, run="r1")

    with pytest.raises(StorageError, match=r"was never published; run it with: mesh run orders.order_lines.v1"):
        resolve(lake, ORDERS.address)


def test_a_snapshot_written_by_another_engine_has_no_run(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    table = lake.table(ORDERS.address)
    assert table is not None
    table.append(table.scan().to_arrow())

    foreign = published(lake, ORDERS.address)
    assert foreign is not None
    assert (foreign.run_id, foreign.rows, foreign.published, foreign.verdicts) == ("", 2, True, ())
    assert publish_orders(lake, 3, run="r2").published
