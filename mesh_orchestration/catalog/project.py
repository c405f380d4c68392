"""The projection: contracts, Iceberg and the log of decisions, as the tables that pages and search read.

Every part reads first and then writes in a transaction of its own, so that whoever ingests lineage seldom waits.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from mesh_orchestration.catalog.contracts import State, behind, write_rest, write_some, write_versions
from mesh_orchestration.catalog.edges import project_edges
from mesh_orchestration.catalog.lake import Kept, read_kept
from mesh_orchestration.catalog.marks import read_mark, write_mark
from mesh_orchestration.catalog.scores import score_products
from mesh_orchestration.catalog.search_index import BATCH, index_all_lineage, index_products, missing
from mesh_orchestration.catalog.standing import PROJECTED
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import (
    CHECK_RESULTS,
    COLUMNS,
    DOMAINS,
    EXPOSURES,
    MARKS,
    PRODUCT_EDGES,
    PRODUCTS,
    PUBLICATIONS,
    RUN_COSTS,
    SEARCH,
    TRAITS,
    USAGE,
    VERSIONS,
)
from mesh_orchestration.catalog.usage import count_reads
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import SettingsError, StorageError
from mesh_orchestration.planning.git import Repository
from mesh_orchestration.planning.history import history
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake

_LOG = logging.getLogger("mesh.catalog")
_FEW = 20
"""Up to so many products git is asked one by one for what their contracts said before; for more, once for all."""


@dataclass(frozen=True)
class Projected:
    """What one projection did: contracts that are new, changed or gone, attempts to publish that were new, reads that
    were counted, things that search knows anew; ``troubles`` are the products whose table could not be read."""

    contracts: int
    attempts: int
    reads: int
    indexed: int
    troubles: tuple[str, ...] = ()


def project(settings: Settings, catalog: Catalog, mesh: Mesh) -> Projected:
    """Bring the catalog to what contracts, Iceberg and the log of decisions say now. Raises StorageError when the
    catalog or the log cannot be used; a table that cannot be read leaves what was known of its product."""
    changed = write_contracts(catalog, mesh)
    project_edges(settings, catalog, mesh)
    attempts, published, troubles = _publications(settings, catalog, mesh)
    _versions(settings, catalog, mesh, changed)
    _forget_old_checks(settings, catalog)
    reads = count_reads(settings, catalog)
    score_products(settings, catalog, {*changed, *published})
    indexed = len(changed) + _index(catalog)
    with catalog.writing() as conn:
        write_mark(conn, PROJECTED, settings.now().isoformat())
    return Projected(len(changed), attempts, reads, indexed, troubles)


def write_contracts(catalog: Catalog, mesh: Mesh) -> tuple[str, ...]:
    """Write what is new in contracts, but for who reads whom; returns the addresses that are new, changed or gone.
    Whatever becomes of this process, search knows each product as its row has it."""
    with catalog.reading() as conn:
        found = behind(conn, mesh)
    for part in _parts(found.changed):
        with catalog.writing() as conn:
            write_some(conn, mesh, part)
            index_products(conn, part)
    with catalog.writing() as conn:
        write_rest(conn, mesh, found)
        if found.gone:
            index_products(conn, found.gone)
    return (*found.changed, *found.gone)


def clear(conn: Connection) -> None:
    """Take out what can be written anew: all but registered contracts, and attempts to publish that Iceberg may have
    let go since."""
    registered = select(PRODUCTS.c.address).where(PRODUCTS.c.origin == "registered")
    for table in (COLUMNS, VERSIONS, TRAITS):
        conn.execute(delete(table).where(table.c.address.not_in(registered)))
    conn.execute(delete(PRODUCT_EDGES).where(PRODUCT_EDGES.c.consumer.not_in(registered)))
    for whole in (DOMAINS, EXPOSURES, USAGE, RUN_COSTS, MARKS, SEARCH):
        conn.execute(delete(whole))
    conn.execute(delete(PRODUCTS).where(PRODUCTS.c.origin == "contract"))


def _index(catalog: Catalog) -> int:
    """Let search know whatever it does not; returns how many things that were."""
    with catalog.reading() as conn:
        products = sorted(missing(conn))
    for part in _parts(products):
        with catalog.writing() as conn:
            index_products(conn, part)
    return len(products) + index_all_lineage(catalog)


def _parts(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(addresses), BATCH):
        yield addresses[start : start + BATCH]


def _publications(settings: Settings, catalog: Catalog, mesh: Mesh) -> tuple[int, set[str], tuple[str, ...]]:
    with catalog.reading() as conn:
        marks: dict[str, str] = dict(conn.execute(select(PRODUCTS.c.address, PRODUCTS.c.mark)).tuples().all())
    total, changed, troubles = 0, set(), []
    try:
        with open_lake(settings) as lake:
            for address, product in mesh.products.items():
                try:
                    kept = _read(catalog, lake, product, marks.get(str(address), ""))
                except StorageError as error:
                    _LOG.warning("%s", error)
                    troubles.append(f"{address}: {error}")
                    continue
                if kept:
                    with catalog.writing() as conn:
                        total += write_kept(conn, kept)
                    changed.add(str(address))
    except StorageError as error:
        _LOG.warning("%s", error)
        troubles.append(str(error))
    return total, changed, tuple(troubles)


def _read(catalog: Catalog, lake: Lake, product: DataProduct, mark: str) -> Kept | None:
    address = str(product.address)
    with catalog.reading() as conn:
        query = select(PUBLICATIONS.c.attempt).where(PUBLICATIONS.c.address == address)
        known: frozenset[str] = frozenset(conn.execute(query).scalars())
    return read_kept(lake, product, mark, known)


def write_kept(conn: Connection, kept: Kept) -> int:
    """Write what a table said; returns how many attempts were new. Somebody else may have written the same."""
    query = select(PUBLICATIONS.c.attempt).where(PUBLICATIONS.c.address == kept.address)
    known: set[str] = set(conn.execute(query).scalars())
    new = [row for row in kept.attempts if row["attempt"] not in known]
    names = {row["attempt"] for row in new}
    if kept.brief and kept.brief["attempt"] not in known | names:
        new.append(kept.brief)
    if new:
        conn.execute(insert(PUBLICATIONS), new)
    if checks := [row for row in kept.checks if row["attempt"] in names]:
        conn.execute(insert(CHECK_RESULTS), checks)
    conn.execute(update(PRODUCTS).where(PRODUCTS.c.address == kept.address).values(mark=kept.mark, **kept.head))
    _remember_versions(conn, kept)
    return len(new)


def _remember_versions(conn: Connection, kept: Kept) -> None:
    """Versions of which only snapshots tell."""
    known: set[str] = set(conn.execute(select(VERSIONS.c.hash).where(VERSIONS.c.address == kept.address)).scalars())
    said = {row["hash"]: row["version"] for row in kept.attempts if row["hash"] and row["published"]}
    rows = [
        {"address": kept.address, "hash": digest, "version": version, "at": None, "commit": "", "document": ""}
        for digest, version in said.items()
        if digest not in known
    ]
    if rows:
        conn.execute(insert(VERSIONS), rows)


def _forget_old_checks(settings: Settings, catalog: Catalog) -> None:
    """Once a day, take out the results of checks that are older than MESH_CATALOG_KEEP_DAYS: they are most of what
    grows."""
    now = settings.now()
    today = now.date().isoformat()
    with catalog.writing() as conn:
        if read_mark(conn, "forgotten") != today:
            horizon = now - timedelta(days=settings.integer("MESH_CATALOG_KEEP_DAYS", 400))
            conn.execute(delete(CHECK_RESULTS).where(CHECK_RESULTS.c.at < horizon))
            write_mark(conn, "forgotten", today)


def _versions(settings: Settings, catalog: Catalog, mesh: Mesh, changed: Sequence[str]) -> None:
    """What contracts said before, from git where it knows, and what they say now."""
    said = (VERSIONS.c.address == PRODUCTS.c.address) & (VERSIONS.c.hash == PRODUCTS.c.hash)
    query = select(PRODUCTS.c.address, VERSIONS.c.commit).join(VERSIONS, said)
    with catalog.reading() as conn:
        known: dict[str, str] = dict(conn.execute(query).tuples().all())
        head = read_mark(conn, "commit")
    try:
        repository = Repository.of(settings)
        newest = repository.base("HEAD").commit
    except SettingsError:
        repository, newest = None, ""
    living = {str(address): product for address, product in mesh.products.items()}
    wanted = [
        address
        for address in living
        if address not in known or (not known[address] and (newest != head or address in changed))
    ]
    found = _committed(repository, wanted) if repository and wanted else {}
    for part in _parts(wanted):
        with catalog.writing() as conn:
            for address in part:
                write_versions(conn, address, [*found.get(address, ()), State(living[address], None)])
    with catalog.writing() as conn:
        write_mark(conn, "commit", newest)


def _committed(repository: Repository, addresses: Sequence[str]) -> Mapping[str, list[State]]:
    folders = {"/".join((CONTRACTS, *address.split(".")[:2])) for address in addresses}
    found: dict[str, list[State]] = {}
    for folder in sorted(folders) if len(folders) <= _FEW else [CONTRACTS]:
        for past in history(repository, folder):
            if past.product is not None:
                found.setdefault(str(past.address), []).append(State(past.product, past.at, past.commit))
    return found
