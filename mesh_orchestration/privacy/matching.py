"""Which Arrow rows are of a person, whatever the type of the column that names people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc


def matches(rows: pa.RecordBatch | pa.Table, holding: Mapping[str, str]) -> pa.BooleanArray:
    """One boolean a row: whether any column of ``holding`` has the text given for it; a null is nobody."""
    masks = [_equal(rows.column(name), text) for name, text in holding.items()]
    if not masks:
        return pa.array([False] * rows.num_rows, pa.bool_())
    found = reduce(pc.or_, masks)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _equal(column: pa.Array, text: str) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if isinstance(kind, pa.BaseExtensionType):
        column = column.cast(kind.storage_type)
        kind = kind.storage_type
    try:
        if pa.types.is_integer(kind):
            wanted = pa.scalar(int(text), kind)
        elif pa.types.is_fixed_size_binary(kind):
            wanted = pa.scalar(uuid.UUID(text).bytes, kind)
        else:
            column, wanted = column.cast(pa.string()), pa.scalar(text)
    except (ValueError, OverflowError, pa.ArrowInvalid):
        return _nothing(column)
    return pc.fill_null(pc.equal(column, wanted), False)


def _nothing(column: pa.Array) -> pa.Array:
    return pa.array([False] * len(column), pa.bool_())
