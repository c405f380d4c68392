"""Search and pages over a large catalog: how long people wait, against a plain scan of the same texts.

python -m bench.catalog_search [--products 10000] [--columns 20] [--edges 50000]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mesh_orchestration.catalog.contracts import write_contracts
from mesh_orchestration.catalog.home import home
from mesh_orchestration.catalog.products import product, products
from mesh_orchestration.catalog.search import Filters, search
from mesh_orchestration.catalog.search_index import index_products
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.settings import Settings

_SYLLABLES = "ar ba ce do el fi ga ho in ja ke lu mo na or pe qui ra se ti ul va we xe yo zu".split()
_COMMON = "order customer basket amount price store product day week region campaign invoice payment item".split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(root=Path(folder), home=Path(folder))
        with open_catalog(settings) as catalog:
            _fill(catalog, asked.products, asked.columns)
            size = sum(file.stat().st_size for file in (Path(folder) / "catalog").iterdir())
            print(f"{asked.products} products, {asked.products * asked.columns} columns, {size / 1e6:.0f} MB")
            _measure(settings, catalog)


def _fill(catalog: Catalog, count: int, columns: int) -> None:
    made = {one.address: one for one in _products(count, columns)}
    started = time.perf_counter()
    with catalog.writing() as conn:
        addresses = write_contracts(conn, Mesh(made, tuple(sorted({one.domain for one in made}))))
    written = time.perf_counter()
    with catalog.writing() as conn:
        index_products(conn, addresses)
    print(f"contracts written in {written - started:.1f} s, indexed in {time.perf_counter() - written:.1f} s")


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


def _measure(settings: Settings, catalog: Catalog) -> None:
    chance, now = random.Random(11), settings.now()
    with catalog.reading() as conn:
        rare = [one.name for one in products(conn, now=now, limit=200).products]
        anchor = _timed(lambda: _scan(conn), 20)
    print(f"{'anchor: a scan by like':<34} p50 {anchor[0]:7.1f} ms  p95 {anchor[1]:7.1f} ms")

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
    slow = []
    for name, ask in kinds.items():
        p50, p95 = _timed(ask, 40)
        slow.append(p95)
        print(f"search for {name:<23} p50 {p50:7.1f} ms  p95 {p95:7.1f} ms")
    for name, ask in _pages(settings, catalog, rare).items():
        p50, p95 = _timed(ask, 40)
        print(f"{name:<34} p50 {p50:7.1f} ms  p95 {p95:7.1f} ms")
    print(f"the slowest kind of search has p95 {max(slow):.1f} ms; wanted are 50 ms")


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


def _timed(call: Callable[[], object], times: int) -> tuple[float, float]:
    """The median and the 95th percentile of so many calls, in milliseconds; the first one does not count."""
    call()
    took = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.95)]


if __name__ == "__main__":
    main()
