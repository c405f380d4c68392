"""Some rows of a product as a reader may see them: masked, filtered, and logged as every read is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.publication.query import run_query
from mesh_orchestration.quoting import ident
from mesh_orchestration.settings import Settings

ROWS = 20


@dataclass(frozen=True)
class Rows:
    """Names, rows, and by column how it was masked."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    masked: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        rows = [{name: _plain(value) for name, value in zip(self.names, row, strict=True)} for row in self.rows]
        return {"columns": list(self.names), "rows": rows, "masked": dict(self.masked)}


def sample(settings: Settings, product: DataProduct, reader: Reader) -> Rows:
    """``ROWS`` rows of what is published; raises AccessDenied when a policy denies the reader, StorageError when
    nothing was published yet."""
    columns = ", ".join(map(ident, product.columns))
    address = str(product.address)
    answer = run_query(settings, load_mesh(settings), f"select {columns} from {address} limit {ROWS}", reader=reader)
    return Rows(answer.names, answer.rows, answer.masked.get(address, {}))


def _plain(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
    return str(value)
