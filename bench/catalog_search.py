"""Search and pages over a large catalog: how long people wait, against a plain scan of the same texts."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.measure import Result, Row, timed
from mesh_orchestration.catalog.home import home
from mesh_orchestration.catalog.products import product, products
from mesh_orchestration.catalog.project import write_contracts
from mesh_orchestration.catalog.search import Filters, search
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.settings import Settings

PRODUCTS, COLUMNS = 10_000, 20
_CALLS = 40
_SYLLABLES = "ar ba ce do el fi ga ho in ja ke lu mo na or pe qui ra se ti ul va we xe yo zu".split()
_COMMON = "order customer basket amount price store product day week region campaign invoice payment item".split()


def run() -> tuple[Result, ...]:
    """10 000 products with 200 000 columns: each kind of search, the mesh at a glance, one product."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(root=Path(folder), home=Path(folder))
        with open_catalog(settings) as catalog:
            written = _fill(catalog, PRODUCTS, COLUMNS)
            size = sum(file.stat().st_size for file in (Path(folder) / "catalog").iterdir())
            return (_measure(settings, catalog, f"{written}; {size / 1e6:.0f} MB"),)


def _fill(catalog: Catalog, count: int, columns: int) -> str:
    made = {one.address: one for one in _products(count, columns)}
    started = time.perf_counter()
    write_contracts(catalog, Mesh(made, tuple(sorted({one.domain for one in made}))))
    return f"contracts written and indexed in {time.perf_counter() - started:.1f} s"


def _products(count: int, columns: int) -> Iterator[DataProduct]:
    chance = random.Random(7)
    words = [*_COMMON, *("".join(chance.choices(_SYLLABLES, k=3)) for _ in range(4000))]

    def word() -> str:
        return chance.choice(_COMMON) if chance.random() < 0.3 else chance.choice(words)

    for number in range(count):
        said = {
            "name": f"{word()}_{word()}_{number}",
            "domain": f"domain{number % 100}",
            "version": "1.0.0",
            "title": f"{word()} {word()}",
            "description": " ".join(word() for _ in range(30)),
            "tags": [chance.choice(_COMMON), chance.choice(words[:60])],
        }
        fields = [
            {"name": f"{word()}_{place}", "type": "string", "description": " ".join(word() for _ in range(8))}
            for place in range(columns)
        ]
        spec = {"owner": f"team{number % 300}@example.com", "schema": {"fields": fields}}
        document = {"apiVersion": "datamesh.io/v1", "kind": "DataProduct", "metadata": said, "spec": spec}
        yield DataProduct.model_validate(document)


def _measure(settings: Settings, catalog: Catalog, note: str) -> Result:
    chance, now = random.Random(11), settings.now()
    with catalog.reading() as conn:
        rare = [one.name for one in products(conn, now=now, limit=200).products]
        anchor = _row("anchor: a scan with like", lambda: _scan(conn))

    def asking(make: Callable[[], tuple[str, Filters]]) -> Callable[[], object]:
        def ask() -> object:
            with catalog.reading() as conn:
                return search(conn, *make())

        return ask

    addresses = [f"domain{number % 100}" for number in range(100)]
    kinds: dict[str, Callable[[], object]] = {
        "a common word": asking(lambda: (chance.choice(_COMMON), Filters())),
        "the beginning of a word": asking(lambda: (chance.choice(_COMMON)[:3], Filters())),
        "one letter": asking(lambda: (chance.choice("abcdeghio"), Filters())),
        "three common words": asking(lambda: (" ".join(chance.sample(_COMMON, 3)), Filters())),
        "a name": asking(lambda: (chance.choice(rare), Filters())),
        "a typing error": asking(lambda: (_wrong(chance, chance.choice(_COMMON)), Filters())),
        "a word in a domain": asking(lambda: (chance.choice(_COMMON), Filters(domain=chance.choice(addresses)))),
        "nothing, by a tag": asking(lambda: ("", Filters(tag=chance.choice(_COMMON)))),
        "everything": asking(lambda: ("", Filters())),
    }
    searches = tuple(_row(f"search for {name}", ask, anchor) for name, ask in kinds.items())
    pages = tuple(_row(name, ask, anchor) for name, ask in _pages(settings, catalog, rare).items())
    return Result(
        title="Search in the catalog",
        question=f"How long does one wait among {PRODUCTS:,} products with {PRODUCTS * COLUMNS:,} columns? (p95)",
        rows=(anchor, *searches, *pages),
        aims=(
            ("p95 of the slowest kind of search, ms", 50.0, max(row.wall for row in searches) * 1000),
            ("p95 of the slowest page's data, ms", 150.0, max(row.wall for row in pages) * 1000),
        ),
        notes=(note, "wall and CPU are 95th percentiles of single calls; a loaded machine shows in the wall alone"),
    )


def _pages(settings: Settings, catalog: Catalog, names: list[str]) -> dict[str, Callable[[], object]]:
    now = settings.now()

    def glance() -> object:
        with catalog.reading() as conn:
            return home(conn, now=now)

    def one() -> object:
        name = random.choice(names)
        with catalog.reading() as conn:
            return product(conn, f"domain{int(name.rsplit('_', 1)[1]) % 100}.{name}", now=now)

    return {"home": glance, "one product": one}


def _wrong(chance: random.Random, word: str) -> str:
    """The word with two letters swapped."""
    place = chance.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _scan(conn: object) -> object:
    sql = "select count(*) from search_document where names || marks || docs like '%campaign%'"
    return conn.exec_driver_sql(sql).all()  # type: ignore[attr-defined]


def _row(label: str, call: Callable[[], object], anchor: Row | None = None) -> Row:
    """The 95th percentiles of wall and CPU time over ``_CALLS`` calls; the first one does not count."""
    call()
    samples = [timed(call) for _ in range(_CALLS)]
    last = int(_CALLS * 0.95)
    wall, cpu = sorted(one.wall for one in samples)[last], sorted(one.cpu for one in samples)[last]
    against = (wall / anchor.wall, cpu / anchor.cpu if anchor.cpu else 0.0) if anchor else (0.0, 0.0)
    return Row(label, wall, cpu, wall_ratio=against[0], cpu_ratio=against[1], runs=_CALLS)
