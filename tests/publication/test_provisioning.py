"""A table made ready before its rows come: publishing then finds everything as it needs it."""

from __future__ import annotations

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import PublicationRefused
from mesh_orchestration.publication.provisioning import drop_table, ensure_table, evolve_table
from mesh_orchestration.storage.catalog import NAME_MAPPING, Lake
from mesh_orchestration.storage.snapshots import published
from tests.builders import FIELDS, product
from tests.publication.publishing import ORDERS, exported, files_on_disk, publish_orders, served

WIDER = product(version="1.1.0", fields={**FIELDS, "note": "string"})
NARROWER = product(version="1.1.0", fields={"order_id": FIELDS["order_id"]})


def test_an_ensured_table_takes_the_first_publication(lake: Lake) -> None:
    created = ensure_table(lake, ORDERS)
    assert publish_orders(lake, 1, run="one").published
    assert created.schema().as_struct() == ensure_table(lake, ORDERS).schema().as_struct()


def test_an_added_column_is_current_before_any_row_has_it(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    table = evolve_table(lake, WIDER, ensure_table(lake, ORDERS))
    assert [field.name for field in table.schema().fields] == [*FIELDS, "note"]
    assert "note" in table.properties[NAME_MAPPING]
    assert served(lake) == [1]


def test_a_publication_after_it_keeps_the_columns_ids(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    evolved = evolve_table(lake, WIDER, ensure_table(lake, ORDERS)).schema()
    done = publish_orders(lake, run="two", contract=WIDER, export=exported(2, columns=", 'n' as note"))
    table = ensure_table(lake, WIDER)
    assert done.published
    assert table.schema().as_struct() == evolved.as_struct()
    assert len(table.metadata.schemas) == 2


def test_evolving_twice_changes_nothing_more(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    once = evolve_table(lake, WIDER, ensure_table(lake, ORDERS))
    twice = evolve_table(lake, WIDER, ensure_table(lake, ORDERS))
    assert twice.metadata_location == once.metadata_location


def test_going_back_to_the_published_contract_makes_its_schema_current_again(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    evolve_table(lake, WIDER, ensure_table(lake, ORDERS))
    back = evolve_table(lake, ORDERS, ensure_table(lake, ORDERS))
    assert [field.name for field in back.schema().fields] == list(FIELDS)


def test_a_table_that_was_never_published_takes_any_schema(lake: Lake) -> None:
    ensure_table(lake, WIDER)
    table = evolve_table(lake, NARROWER, ensure_table(lake, WIDER))
    assert [field.name for field in table.schema().fields] == ["order_id"]


def test_a_column_that_is_published_cannot_be_taken_out(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    with pytest.raises(PublicationRefused, match="column amount"):
        evolve_table(lake, NARROWER, ensure_table(lake, ORDERS))
    assert published(lake, ORDERS.address) is not None


def test_a_dropped_table_leaves_nothing(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    before = files_on_disk(lake)
    assert drop_table(lake, ORDERS.address)
    assert lake.table(ORDERS.address) is None
    assert [path for path in before if path.exists()] == []
    assert not drop_table(lake, ORDERS.address)


def test_dropping_again_finishes_what_died_after_the_catalog_forgot_the_table(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    before = files_on_disk(lake)
    lake.catalog.drop_table(ORDERS.address.table)
    assert drop_table(lake, ORDERS.address)
    assert [path for path in before if path.exists()] == []


def test_files_that_another_table_took_over_stay(lake: Lake) -> None:
    publish_orders(lake, 1, run="one")
    before = files_on_disk(lake)
    lake.catalog.rename_table(ORDERS.address.table, ("orders", "order_rows_v1"))
    assert not drop_table(lake, ORDERS.address)
    assert files_on_disk(lake, Address.parse("orders.order_rows.v1")) == before
