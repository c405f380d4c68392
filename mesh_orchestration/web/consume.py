"""How to read a product: text to copy that works as it stands, through the masks of whoever reads."""

from __future__ import annotations

import json
from typing import NamedTuple

from mesh_orchestration.contract.model import DataProduct

_PYTHON = """from mesh_orchestration.reading import read

table = read("{address}", columns={columns}, limit=10)
print(table.to_pylist())  # or table.to_pandas(), polars.from_arrow(table)
"""


class Way(NamedTuple):
    """One way to read a product: its name, what it does, and the text to copy."""

    name: str
    says: str
    text: str


def ways(product: DataProduct, service: str) -> tuple[Way, ...]:
    """The ways to read ``product``; ``service`` is the address of this service."""
    address = str(product.address)
    columns = list(product.columns)[:4]
    sql = f"select {', '.join(columns)} from {address} limit 10"
    return (
        Way("SQL", "DuckDB's dialect, over what is published; every column may be named.", sql),
        Way("Shell", "Prints a table; --json and --csv print all rows, --as-of reads an older snapshot.",
            f'mesh query "{sql}"'),
        Way("Python", "An Arrow table, masked as for you; without limit it has every row.",
            _PYTHON.format(address=address, columns=json.dumps(columns))),
        Way("curl", "Some rows as JSON, masked as for you.",
            f'curl -s "{service}/products/{address}/sample.json"'),
        Way("curl, contract", "The contract as JSON.", f'curl -s "{service}/v1/products/{address}"'),
        Way("Another product", "An input port of a product that builds on this one.",
            f"inputs:\n  - name: {product.name}\n    type: data-product\n    product: {address}\n"),
    )  # fmt: skip
