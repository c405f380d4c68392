"""What search knows: one document for each product, and for each dataset and job that comes from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, or_, select

from mesh_orchestration.catalog import tables_lineage as lineage
from mesh_orchestration.catalog.contracts import pii_of, read_document
from mesh_orchestration.catalog.marks import read_mark, write_mark
from mesh_orchestration.catalog.tables_products import PRODUCTS, SEARCH
from mesh_orchestration.catalog.words import plain
from mesh_orchestration.contract.model import DataProduct

GENERATION = "search"
_LINEAGE = "search lineage"
_BATCH = 400
_Row = dict[str, Any]


def index_products(conn: Connection, addresses: Sequence[str]) -> int:
    """Write anew what search knows of these products; those that are gone are forgotten. Returns how many."""
    for part in _parts(addresses):
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
    """Write what search does not know yet of datasets and jobs from elsewhere; returns how many."""
    state = conn.execute(select(*lineage.state.c["epoch", "generation"])).one_or_none()
    if state is None:
        return 0
    epoch, node, generation = (read_mark(conn, _LINEAGE) or " -1 -1").split(" ")
    if epoch != state.epoch:
        conn.execute(delete(SEARCH).where(SEARCH.c.kind != "product"))
        node = generation = "-1"
    rows = _changed_nodes(conn, int(node), int(generation))
    for part in _parts(rows):
        _write_nodes(conn, part)
    last = max([int(node), *(row["id"] for row in rows)])
    write_mark(conn, _LINEAGE, f"{state.epoch} {last} {state.generation}")
    gone = _forget_nodes(conn)
    _bump(conn, len(rows) + gone)
    return len(rows)


def _changed_nodes(conn: Connection, node: int, generation: int) -> Sequence[RowMapping]:
    """The nodes with an id above ``node``, and those of which something was said after ``generation``."""
    table, facets = lineage.nodes, lineage.facets
    changed = select(facets.c.node_id).where(facets.c.generation > generation)
    query = select(*table.c["id", "kind", "namespace", "name", "description", "dropped_at", "renamed_to"])
    found = query.where(or_(table.c.id > node, table.c.id.in_(changed))).order_by(table.c.id)
    return conn.execute(found).mappings().all()


def _forget_nodes(conn: Connection) -> int:
    """Take out datasets that were dropped or have another name now; returns how many."""
    table = lineage.nodes
    gone = or_(table.c.dropped_at.is_not(None), table.c.renamed_to.is_not(None))
    keys = select(table.c.namespace + ":" + table.c.name).where(table.c.kind == "dataset", gone)
    return conn.execute(delete(SEARCH).where(SEARCH.c.kind == "dataset", SEARCH.c.key.in_(keys))).rowcount


def _write_nodes(conn: Connection, rows: Sequence[RowMapping]) -> None:
    ids = [row["id"] for row in rows]
    keys = [_key(row) for row in rows]
    conn.execute(delete(SEARCH).where(SEARCH.c.kind != "product", SEARCH.c.key.in_(keys)))
    names = {row["name"] for row in rows if row["kind"] == "dataset"}
    ours: set[str] = set(conn.execute(select(PRODUCTS.c.address).where(PRODUCTS.c.address.in_(names))).scalars())
    shown = [
        row
        for row in rows
        if row["dropped_at"] is None
        and row["renamed_to"] is None
        and not (row["kind"] == "dataset" and row["name"] in ours)
    ]
    fields = _by_node(conn, lineage.fields, lineage.fields.c.dataset_id, ids)
    tags = _by_node(conn, lineage.tags, lineage.tags.c.node_id, ids)
    owners = _by_node(conn, lineage.owners, lineage.owners.c.node_id, ids)
    _write(
        conn,
        [_of_node(row, fields.get(row["id"], []), tags.get(row["id"], []), owners.get(row["id"], [])) for row in shown],
    )


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
    row: RowMapping, fields: Sequence[RowMapping], tags: Sequence[RowMapping], owners: Sequence[RowMapping]
) -> _Row:
    named = list(
        dict.fromkeys(one["key"] if one["value"] == "true" else f"{one['key']}={one['value']}" for one in tags)
    )
    owner = owners[0]["name"] if owners else ""
    description = row["description"] or ""
    texts = [description, *(f"{one['name']}: {one['description']}" for one in fields if one["description"])]
    return {
        "kind": row["kind"],
        "key": _key(row),
        "title": row["name"],
        "domain": "",
        "owner": owner,
        "tags": json.dumps(named, ensure_ascii=False),
        "detail": _detail([one["name"] for one in fields], texts),
        "names": plain(row["name"]),
        "marks": plain(row["namespace"], *(one["name"] for one in fields), *named, *(one["name"] for one in owners)),
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


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
