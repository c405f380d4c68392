"""Erasing a person where the lake is not on this machine: a REST catalog or PostgreSQL, and files in S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.privacy.proof import Proof
from mesh_orchestration.privacy.search import search_to_the_byte
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.objects import list_files
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import history, published, rejected
from tests.postgres import PostgresDatabase, postgres, postgres_server
from tests.privacy.people import ANN, BOB, LINES, asked, build, erase_person, people_at, places, sell
from tests.publication.object_store import ObjectStore, object_store

__all__ = ["object_store", "postgres", "postgres_server"]
pytestmark = pytest.mark.slow


@pytest.fixture(params=["rest catalog and s3", "postgresql catalog and s3", "postgresql catalog and files"])
def people(
    request: pytest.FixtureRequest, tmp_path: Path, object_store: ObjectStore, postgres: PostgresDatabase
) -> Settings:
    """The mesh with two days sold and published, a third that was refused, and a file that nobody names."""
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://")
    environ = {
        "rest catalog and s3": object_store.rest_environ(),
        "postgresql catalog and s3": object_store.s3_environ() | in_postgresql(url, f"s3://lake/{tmp_path.name}"),
        "postgresql catalog and files": in_postgresql(url, f"file://{tmp_path}/warehouse"),
    }[request.param]
    settings = people_at(tmp_path / "mesh", **environ)
    build(settings, "r1")
    sell(settings, "day3", f"7,{ANN},5000,2026-11-04 10:00:00+00\n")
    build(settings, "r2", ("orders",))
    return settings


def in_postgresql(url: str, warehouse: str) -> dict[str, str]:
    prefix = "PYICEBERG_CATALOG__MESH__"
    return {f"{prefix}TYPE": "sql", f"{prefix}URI": url, f"{prefix}WAREHOUSE": warehouse}


def stored(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Every file below the tables of the mesh, and what is in it."""
    with open_lake(settings) as lake:
        for address in load_mesh(settings).products:
            table = lake.table(address)
            assert table is not None
            for file in list_files(table.io, table.location()):
                with table.io.new_input(file.location).open() as stream:
                    yield file.location, stream.read()


def leave_behind(lake: Lake) -> str:
    """A file of rows that a publication wrote and nobody names, as one that was killed leaves it."""
    table, current = lake.table(LINES.address), published(lake, LINES.address)
    assert table is not None
    assert current is not None
    written = next(iter(table.scan(snapshot_id=current.snapshot_id).plan_files())).file.file_path
    left = f"{written.rsplit('/', 1)[0]}/left-behind.parquet"
    with table.io.new_input(written).open() as stream, table.io.new_output(left).create() as copy:
        copy.write(stream.read())
    return left


def rows_of(lake: Lake) -> list[tuple[object, ...]]:
    import duckdb

    current = published(lake, LINES.address)
    assert current is not None
    with duckdb.connect() as connection:
        scan(lake, current).attach(connection, *LINES.address.table)
        return sorted(connection.execute("select line_id from orders.order_lines_v1").fetchall())


def test_an_erased_person_is_in_no_object_and_everybody_else_is_where_they_were(people: Settings) -> None:
    with open_lake(people) as lake:
        left = leave_behind(lake)
    before = places(people)
    others = places(people, BOB)
    assert {("published", "orders.order_lines.v1", 2), ("branch", "orders.order_lines.v1", 3)} <= before
    assert [kind for kind, where, _ in before if where == left] == ["orphan"]

    proof = erase_person(people)

    assert (proof.verified, places(people)) == (True, set())
    gone = {("branch", "orders.order_lines.v1", 2), *(place for place in others if place[0] == "orphan")}
    assert places(people, BOB) == others - gone
    assert search_to_the_byte(asked(people)) == ()
    objects = dict(stored(people))
    assert left not in objects
    assert [name for name, content in objects.items() if ANN.encode() in content] == []
    assert deleted(proof) >= {left}
    with open_lake(people) as lake:
        assert (len(history(lake, LINES.address)), rejected(lake, LINES.address)) == (1, ())
        assert rows_of(lake) == [(2,), (4,)]


def test_half_a_file_that_tells_the_key_is_found_and_stands_in_the_way_of_done(people: Settings) -> None:
    with open_lake(people) as lake:
        table = lake.table(LINES.address)
        assert table is not None
        half = f"{table.location()}/data/half.parquet"
        with table.io.new_output(half).create() as stream:
            stream.write(b"x" * (1 << 20) + ANN.encode())

    proof = erase_person(people)

    assert (proof.verified, [(one.kind, one.where.removeprefix("file://")) for one in proof.left]) == (
        False,
        [("file", half.removeprefix("file://"))],
    )


def deleted(proof: Proof) -> set[str]:
    """The files that the proof says were deleted."""
    return {str(one["path"]) for one in proof.said["files"] if one["action"] == "deleted"}
