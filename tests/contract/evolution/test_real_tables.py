"""The table agrees: what the classification allows under one major, a real Iceberg table becomes and reads."""

from __future__ import annotations

from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as repeated
from hypothesis import strategies as st
from pyiceberg.exceptions import ResolveError
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema, promote
from pyiceberg.table import Table
from pyiceberg.table.update import AddSchemaUpdate, SetCurrentSchemaUpdate
from pyiceberg.types import IcebergType

from mesh_orchestration.compile.iceberg import iceberg_schema, refusals, schema_changes
from mesh_orchestration.contract.evolution import changes, verdict
from mesh_orchestration.contract.evolution.promotion import widens
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.types import SCALARS
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from tests.builders import product
from tests.contract.evolution.versions import TYPES, histories, rows

REFUSED = {"field.removed", "field.renamed", "field.retyped"}


def refused(old: DataProduct, new: DataProduct) -> tuple[str, ...]:
    """What publication refuses to do to the table of ``old``."""
    return refusals(schema_changes(iceberg_schema(old), new), new)


@pytest.mark.parametrize("old", [*SCALARS, *TYPES])
def test_the_same_types_may_follow_each_other_as_at_publication(old: str) -> None:
    for new in (*SCALARS, *TYPES):
        before, after = product(fields={"a": old}), product(fields={"a": new})
        retyped = any(change.kind == "field.retyped" for change in changes(before, after))
        assert retyped is bool(refused(before, after)), new


@given(histories(format_="parquet"))
@repeated(max_examples=150)
def test_publication_refuses_exactly_what_needs_a_major_for_the_table(versions: tuple[DataProduct, ...]) -> None:
    old, new = versions
    assert bool(refused(old, new)) is any(change.kind in REFUSED for change in changes(old, new))


def evolved(table: Table, new: DataProduct, lake: Lake) -> Table:
    """The table under the schema of ``new``, as a publication commits it."""
    wanted = iceberg_schema(new, table.schema(), last_column_id=table.metadata.last_column_id)
    schema = Schema(*wanted.fields, schema_id=max(known.schema_id for known in table.metadata.schemas) + 1)
    updates = (AddSchemaUpdate(schema_=schema), SetCurrentSchemaUpdate(schema_id=-1))
    lake.catalog.commit_table(table, (), updates)
    return table.refresh()


def written_and_read(lake: Lake, name: str, versions: tuple[DataProduct, ...], given_: list[dict[str, Any]]) -> Any:
    """What a table holds under the new version after the rows were written under the old one."""
    old, new = versions
    lake.ensure_namespace("orders")
    table = lake.catalog.create_table(("orders", name), iceberg_schema(old))
    table.append(pa.Table.from_pylist(given_, schema=schema_to_pyarrow(table.schema(), include_field_ids=False)))
    if schema_changes(table.schema(), new):
        table = evolved(table, new, lake)
    return table.scan().to_arrow().to_pylist()


def test_data_written_under_the_old_version_is_read_by_iceberg_under_a_compatible_new_one(
    settings: Settings,
) -> None:
    number = count()

    @given(st.data())
    @repeated(max_examples=30, suppress_health_check=list(HealthCheck))
    def hold(data: st.DataObject) -> None:
        old, new = data.draw(histories(format_="parquet"))
        assume(changes(old, new) and verdict(old, new).required != "major")
        given_ = data.draw(rows(old))
        read = written_and_read(lake, f"t{next(number)}", (old, new), given_)
        assert read == [{name: row.get(name) for name in new.columns} for row in given_]

    with open_lake(settings) as lake:
        hold()


def promoted(before: IcebergType, after: IcebergType) -> bool:
    """Whether pyiceberg itself reads the one as the other."""
    try:
        return before == after or bool(promote(before, after))
    except ResolveError:
        return False


@pytest.mark.parametrize("old", [name for name in TYPES if not name.startswith("array")])
def test_what_iceberg_itself_promotes_is_what_may_widen(old: str) -> None:
    for new in TYPES:
        before, after = (iceberg_schema(product(fields={"a": type_})).fields[0].field_type for type_ in (old, new))
        assert promoted(before, after) is widens(old, new), new
