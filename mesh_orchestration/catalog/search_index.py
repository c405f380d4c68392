"""What search knows: one document for each product, and for each dataset and job that comes from elsewhere.

Several may write at once, in this process or others: they take turns, a few hundred things at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select

from mesh_orchestration.catalog import tables_lineage as lineage
from mesh_orchestration.catalog.contracts import pii_of, read_document
from mesh_orchestration.catalog.derived import NamedField
from mesh_orchestration.catalog.known import chunks
from mesh_orchestration.catalog.marks import read_mark, write_mark
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import PRODUCTS, SEARCH
from mesh_orchestration.catalog.texts import fields_by_dataset
from mesh_orchestration.catalog.words import plain
from mesh_orchestration.contract.model import DataProduct

GENERATION = "search"
BATCH = 200
"""Things of one transaction: whoever has lineage to write waits for its end, some tenths of a second at most."""
_LINEAGE = "search lineage"
_PARAMETERS = 400
_TIMES = ("written_at", "dropped_at", "renamed_at")
_Row = dict[str, Any]


def index_products(conn: Connection, addresses: Sequence[str]) -> int:
    """Write anew what search knows of these products; those that are gone are forgotten. Returns how many."""
    for part in chunks(addresses, _PARAMETERS):
        conn.execute(delete(SEARCH).where(SEARCH.c.kind == "product", SEARCH.c.key.in_(part)))
        # The mesh's own lineage names a product's dataset by its address.
        conn.execute(delete(SEARCH).where(SEARCH.c.kind == "dataset", SEARCH.c.title.in_(part)))
        found = conn.execute(select(*PRODUCTS.c["document", "file"]).where(PRODUCTS.c.address.in_(part)))
        _write(conn, [_of_product(read_document(row.document, row.file)) for row in found])
    _bump(conn, len(addresses))
    return len(addresses)


def missing(conn: Connection) -> set[str]:
    """The products that search does not know."""
    indexed = select(SEARCH.c.key).where(SEARCH.c.kind == "product")
    return set(conn.execute(select(PRODUCTS.c.address).where(PRODUCTS.c.address.not_in(indexed))).scalars())


def index_lineage(conn: Connection) -> int:
    """Write what search does not know yet of datasets and jobs from elsewhere, at most some hundred of them; returns
    how many were looked at, 0 when nothing is left."""
    state = conn.execute(select(*lineage.state.c["epoch", "generation"])).one_or_none()
    if state is None:
        return 0
    place = before = _Place.read(conn)
    if place.epoch != state.epoch:
        conn.execute(delete(SEARCH).where(SEARCH.c.kind != "product"))
        place = _Place(state.epoch)
    place, silent = _silent(conn, place)
    place, told = _told(conn, place, state.generation)
    ids = sorted({*silent, *told})
    for part in chunks(ids, _PARAMETERS):
        _write_nodes(conn, part)
    if place != before:
        place.write(conn)
    _bump(conn, len(ids))
    return len(ids)


def index_all_lineage(catalog: Catalog) -> int:
    """The same for all that search does not know, each part in a transaction of its own."""
    total = 0
    while True:
        with catalog.writing() as conn:
            found = index_lineage(conn)
        total += found
        if not found:
            return total


@dataclass(frozen=True)
class _Place:
    """How far the index has come: the last ``node`` looked at for whether anything is said of it; and in what is said,
    the ``generation`` it is at, of which it has the nodes up to ``last``."""

    epoch: str = ""
    node: int = -1
    generation: int = 0
    last: int = -1

    @classmethod
    def read(cls, conn: Connection) -> Self:
        epoch, *numbers = (read_mark(conn, _LINEAGE) or " ").split(" ")
        return cls(epoch, *map(int, numbers)) if len(numbers) == 3 else cls()

    def write(self, conn: Connection) -> None:
        write_mark(conn, _LINEAGE, f"{self.epoch} {self.node} {self.generation} {self.last}")


def _silent(conn: Connection, place: _Place) -> tuple[_Place, list[int]]:
    """The next nodes of which nothing is said; those of which something is are found by that."""
    table = lineage.nodes
    newest: int = conn.execute(select(func.coalesce(func.max(table.c.id), place.node))).scalar_one()
    said = select(lineage.facets.c.node_id).where(lineage.facets.c.node_id == table.c.id).exists()
    query = select(table.c.id).where(table.c.id > place.node, table.c.id <= newest, ~said).order_by(table.c.id)
    found: list[int] = list(conn.execute(query.limit(BATCH)).scalars())
    return replace(place, node=found[-1] if len(found) == BATCH else newest), found


def _told(conn: Connection, place: _Place, newest: int) -> tuple[_Place, list[int]]:
    """The next nodes of which something was said, in the order of its writing; ``newest`` is the last generation."""
    table = lineage.facets
    beyond = or_(table.c.generation > place.generation, table.c.node_id > place.last)
    query = select(table.c.generation, table.c.node_id).distinct().where(table.c.generation >= place.generation, beyond)
    rows = conn.execute(query.order_by(table.c.generation, table.c.node_id).limit(BATCH)).all()
    if len(rows) == BATCH:
        return replace(place, generation=rows[-1].generation, last=rows[-1].node_id), [row.node_id for row in rows]
    return replace(place, generation=newest + 1, last=-1), [row.node_id for row in rows]


def _write_nodes(conn: Connection, ids: Sequence[int]) -> None:
    """Write anew what search knows of these nodes; datasets that are gone, or have another name now, are forgotten."""
    ids = sorted({*ids, *_former(conn, ids)})
    table = lineage.nodes
    wanted = select(*table.c["id", "kind", "namespace", "name", "description", *_TIMES])
    rows = conn.execute(wanted.where(table.c.id.in_(ids)).order_by(table.c.id)).mappings().all()
    for kind in ("dataset", "job"):
        keys = [_key(row) for row in rows if row["kind"] == kind]
        conn.execute(delete(SEARCH).where(SEARCH.c.kind == kind, SEARCH.c.key.in_(keys)))
    names = {row["name"] for row in rows if row["kind"] == "dataset"}
    ours: set[str] = set(conn.execute(select(PRODUCTS.c.address).where(PRODUCTS.c.address.in_(names))).scalars())
    shown = [row for row in rows if not _gone(row) and not (row["kind"] == "dataset" and row["name"] in ours)]
    fields = fields_by_dataset(conn, ids)
    tags = _by_node(conn, lineage.tags, lineage.tags.c.node_id, ids)
    owners = _by_node(conn, lineage.owners, lineage.owners.c.node_id, ids)
    _write(
        conn,
        [_of_node(row, fields.get(row["id"], []), tags.get(row["id"], []), owners.get(row["id"], [])) for row in shown],
    )


def _former(conn: Connection, ids: Sequence[int]) -> Iterable[int]:
    """The datasets that are now called as some of these nodes."""
    table = lineage.nodes
    query = select(table.c.id).where(table.c.id.in_(ids), table.c.lifecycle == "RENAME")
    renamed: Sequence[int] = conn.execute(query).scalars().all()
    return conn.execute(select(table.c.id).where(table.c.renamed_to.in_(renamed))).scalars() if renamed else ()


def _gone(row: RowMapping) -> bool:
    """Whether the dataset was dropped or renamed, and not written since."""
    ends = [at for at in (row["dropped_at"], row["renamed_at"]) if at is not None]
    return bool(ends) and (row["written_at"] is None or max(ends) >= row["written_at"])


def _by_node(conn: Connection, table: Any, column: Any, ids: Sequence[int]) -> Mapping[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    for row in conn.execute(select(table).where(column.in_(ids)).order_by(column, table.c.position)).mappings():
        found.setdefault(row[column.name], []).append(row)
    return found


def _key(row: RowMapping) -> str:
    return f"{row['namespace']}:{row['name']}"


def _of_product(product: DataProduct) -> _Row:
    said, fields = product.metadata, product.fields
    name = f"{product.domain} {product.name} v{product.address.major}"
    tags = list(dict.fromkeys([*said.tags, *(tag for field in fields for tag in field.tags)]))
    texts = [said.description, *(f"{field.name}: {field.description}" for field in fields if field.description)]
    meant = [f"{field.semantics} {field.unit}" for field in fields]
    readers = [f"{one.name} {one.description}" for one in product.spec.consumers]
    return {
        "kind": "product",
        "key": str(product.address),
        "title": said.title or product.name,
        "domain": product.domain,
        "owner": product.owner,
        "tags": json.dumps(tags, ensure_ascii=False),
        "detail": _detail([field.name for field in fields], texts),
        "names": plain(product.name, said.title, name, product.id),
        "marks": plain(*(field.name for field in fields), *tags, *_personal(product), product.owner, said.status),
        "docs": plain(*texts, *meant, *readers),
    }


def _personal(product: DataProduct) -> Iterator[str]:
    """The words under which personal data is looked for."""
    for field in product.fields:
        if field.is_pii:
            yield f"pii personal {pii_of(field)}"


def _of_node(
    row: RowMapping, fields: Sequence[NamedField], tags: Sequence[RowMapping], owners: Sequence[RowMapping]
) -> _Row:
    named = list(
        dict.fromkeys(one["key"] if one["value"] == "true" else f"{one['key']}={one['value']}" for one in tags)
    )
    owner = owners[0]["name"] if owners else ""
    description = row["description"] or ""
    texts = [description, *(f"{one.name}: {one.description}" for one in fields if one.description)]
    return {
        "kind": row["kind"],
        "key": _key(row),
        "title": row["name"],
        "domain": "",
        "owner": owner,
        "tags": json.dumps(named, ensure_ascii=False),
        "detail": _detail([one.name for one in fields], texts),
        "names": plain(row["name"]),
        "marks": plain(row["namespace"], *(one.name for one in fields), *named, *(one["name"] for one in owners)),
        "docs": plain(*texts),
    }


def _detail(columns: Iterable[str], texts: Iterable[str]) -> str:
    return json.dumps({"columns": list(columns), "texts": [text for text in texts if text]}, ensure_ascii=False)


def _write(conn: Connection, rows: list[_Row]) -> None:
    if rows:
        conn.execute(insert(SEARCH), rows)


def _bump(conn: Connection, count: int) -> None:
    if count:
        write_mark(conn, GENERATION, str(int(read_mark(conn, GENERATION) or 0) + 1))
