"""Erasing a person from files, engines and snapshots, with DuckDB and PostgreSQL."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.errors import ContractError, EngineError, MeshError, SettingsError
from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.inputs import IngestContext, ingest
from mesh_orchestration.privacy.journal import Journals
from mesh_orchestration.privacy.search import search_to_the_byte
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import history, published, rejected
from tests.builders import mesh_at, product, settings_at
from tests.cli.mesh import environment
from tests.postgres import PostgresDatabase, postgres, postgres_server
from tests.privacy.people import ANN, BOB, CY, KEY, LINES, SECRET, asked, build, erase_person, people_at, places, sell

__all__ = ["postgres", "postgres_server"]
pytestmark = pytest.mark.slow


@pytest.fixture
def people(tmp_path: Path) -> Settings:
    """The mesh with two days sold and published twice, and once more refused."""
    settings = people_at(tmp_path / "mesh")
    build(settings, "r1")
    sell(settings, "day3", f"5,{BOB},50,2026-11-03 10:00:00+00\n6,{CY},60,2026-11-03 11:00:00+00\n")
    build(settings, "r2")
    return settings


def refuse(settings: Settings) -> None:
    """A third publication whose rows break the contract and stay on their branch."""
    sell(settings, "day4", f"7,{ANN},5000,2026-11-04 10:00:00+00\n")
    build(settings, "r3", ("orders",))


def test_a_person_is_found_in_files_engines_history_and_refused_branches(people: Settings) -> None:
    refuse(people)

    assert places(people) == {
        ("published", "orders.order_lines.v1", 2),
        ("history", "orders.order_lines.v1", 2),
        ("branch", "orders.order_lines.v1", 3),
        ("published", "billing.spend.v1", 1),
        ("history", "billing.spend.v1", 1),
        ("engine", "orders.landing__till", 3),
        ("engine", "orders.int_lines", 3),
        ("engine", "orders.order_lines", 3),
        ("engine", "billing.spend", 1),
        ("landed", "day1.csv", 1),
        ("landed", "day2.csv", 1),
        ("landed", "day4.csv", 1),
    }


def test_an_erased_person_is_nowhere_and_everybody_else_is_where_they_were(people: Settings) -> None:
    refuse(people)
    left = leave_behind(people)
    before = places(people, BOB)

    proof = erase_person(people)

    assert proof.verified
    assert [found.kind for found in proof.before if found.where.endswith(left.name)] == ["orphan"]
    assert not left.exists()
    assert search_to_the_byte(asked(people)) == ()
    assert [path for path in people.home.rglob("*") if path.is_file() and ANN.encode() in path.read_bytes()] == []
    gone = {("branch", "orders.order_lines.v1", 3), ("history", "orders.order_lines.v1", 2)}
    gone |= {("history", "billing.spend.v1", 1), *(place for place in before if place[0] == "orphan")}
    assert places(people, BOB) == before - gone
    with open_lake(people) as lake:
        assert len(history(lake, LINES.address)) == 1
        assert rejected(lake, LINES.address) == ()
        assert rows_of(people, "select line_id from orders.order_lines_v1") == [(2,), (4,), (5,), (6,)]


def leave_behind(settings: Settings) -> Path:
    """A file of rows that a publication wrote and nobody names, as one that was killed leaves it."""
    with open_lake(settings) as lake:
        current = published(lake, LINES.address)
        assert current is not None
        written = scan(lake, current).paths[0]
    left = written.with_name("left-behind.parquet")
    shutil.copy(written, left)
    return left


def rows_of(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    import duckdb

    with open_lake(settings) as lake, duckdb.connect() as connection:
        current = published(lake, LINES.address)
        assert current is not None
        scan(lake, current).attach(connection, *LINES.address.table)
        return sorted(connection.execute(sql).fetchall())


def test_what_is_left_is_published_even_when_it_breaks_the_contract(tmp_path: Path) -> None:
    settings = people_at(tmp_path)
    build(settings, "r1")

    proof = erase_person(settings)

    with open_lake(settings) as lake:
        current = published(lake, LINES.address)
    assert proof.verified
    assert current is not None
    assert (current.rows, current.rewrite) == (2, "erasure")
    assert ["row_count" in reason for reason in current.reasons] == [True]
    record = next(one for one in DecisionLog(settings).records() if one.hash == current.decision)
    assert (record.decision.point, record.decision.verdict) == ("erase", "allow")
    assert record.decision.reason == current.reasons[0]


def test_the_next_run_finds_nothing_to_land_again_and_nobody_returns(people: Settings) -> None:
    erase_person(people)
    sell(people, "day5", f"8,{ANN},1,2026-11-05 10:00:00+00\n9,{CY},2,2026-11-05 10:00:00+00\n")
    mesh = load_mesh(people)

    with engine_for(people, "orders") as engine:
        landed = ingest(mesh.ports("orders")["till"], engine, context=IngestContext(people, "r4", people.now(), mesh))
        entries = {entry.batch: entry.rows for entry in engine.ledger("till")}

    assert (landed.batches, landed.rows) == (("till/day5.csv",), 1)
    assert entries == {"till/day1.csv": 1, "till/day2.csv": 1, "till/day3.csv": 2, "till/day5.csv": 1}
    build(people, "r5")
    assert {place for place in places(people) if place[0] != "landed"} == set()


def test_without_the_key_nothing_lands_once_somebody_was_erased(people: Settings) -> None:
    erase_person(people)
    sell(people, "day5", f"8,{ANN},1,2026-11-05 10:00:00+00\n")
    mesh = load_mesh(people)
    for environ, said in (({}, "MESH_ERASURE_KEY is not set"), ({KEY: "another"}, "made under another key")):
        other = settings_at(people.root, **environ)
        with engine_for(other, "orders") as engine, pytest.raises(SettingsError, match=said):
            ingest(mesh.ports("orders")["till"], engine, context=IngestContext(other, "r4", other.now(), mesh))


def test_the_proof_tells_what_went_and_never_the_key(people: Settings) -> None:
    refuse(people)
    day1 = people.landing_dir / "till" / "day1.csv"

    proof = json.loads(Path(erase_person(people).path).read_text())

    said = {one["path"]: one for one in proof["files"]}
    assert said[str(day1)]["rows"] == 1
    assert said[str(day1)]["action"] == "rewritten"
    deleted = [path for path, one in said.items() if one["action"] == "deleted"]
    assert not [path for path in deleted if Path(path.removeprefix("file://")).exists()]
    assert [path for path in deleted if path.endswith(".parquet")]
    assert proof["branches_dropped"] == ["orders.order_lines.v1 audit-r3"]
    assert {name: len(ids) for name, ids in proof["snapshots_expired"].items()} == {
        "orders.order_lines.v1": 3,
        "billing.spend.v1": 2,
    }
    assert proof["engine_rows"]["orders.int_lines"] == 3
    assert proof["decision"] == [one.hash for one in DecisionLog(people).records()][-1]
    assert DecisionLog(people).verify().problem == ""


def test_an_unknown_person_gives_an_empty_proof_and_is_not_suppressed(people: Settings) -> None:
    proof = erase_person(people, "nobody@example.com")

    assert (proof.verified, proof.before, proof.said["files"]) == (True, (), [])
    assert not (people.home / "suppressed.json").exists()


def test_erasing_without_a_key_for_hashes_names_the_setting(tmp_path: Path) -> None:
    settings = people_at(tmp_path, **{KEY: ""})
    done = subprocess.run(
        [sys.executable, "-m", "mesh_orchestration.cli", "erase", "--subject", ANN, "--yes"],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, "MESH_ERASURE_KEY is not set" in done.stderr) == (2, True)


def test_a_busy_engine_stops_the_erasure_and_it_goes_on_later(people: Settings) -> None:
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(people.duckdb_dir / "billing_engine.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert held.stdout is not None
    held.stdout.readline()
    impatient = settings_at(people.root, MESH_LOCK_TIMEOUT="0", **{KEY: SECRET})
    try:
        with pytest.raises(EngineError, match="is held by process"):
            erase_person(impatient)
    finally:
        held.communicate(timeout=30)

    proof = erase_person(people)

    assert proof.verified
    assert proof.said["resumed"] == 1


HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_table_without_a_contract_keeps_an_erasure_from_being_called_done(tmp_path: Path) -> None:
    home = {"home_id": {"type": "long", "pii": True, "masking": "hash"}}
    people, visits = product("crm.people.v1", fields=home), product("crm.visits.v1", fields=home)
    settings = mesh_at(tmp_path, people, visits, **{KEY: SECRET})

    def export(folder: Path) -> list[Path]:
        pq.write_table(pa.table({"home_id": [42, 43]}), folder / "a.parquet")
        return [folder / "a.parquet"]

    with open_lake(settings) as lake:
        for item in (people, visits):
            publish(item, export, request=PublishRequest(lake, "r1", settings.now()))
    (tmp_path / "contracts" / "crm" / "visits" / "v1.yaml").unlink()

    proof = erase_person(settings, "42")

    assert [(found.where, found.rows, "no contract" in found.note) for found in proof.left] == [
        ("crm.visits.v1", 1, True)
    ]
    assert list(proof.said["published"]) == ["crm.people.v1"]
    assert json.loads(Path(proof.path).read_text())["verified"] is False


def test_a_broken_contract_stops_an_erasure_before_it_begins(people: Settings) -> None:
    contract = people.root / "contracts" / "billing" / "spend" / "v1.yaml"
    contract.write_text(contract.read_text().replace("type: double", "type: doubel"))

    with pytest.raises(ContractError, match="doubel"):
        erase_person(people)
    assert not (people.home / "erasures").exists()


def test_two_erasures_do_not_run_at_once(people: Settings) -> None:
    with Journals(people).exclusive(), pytest.raises(MeshError, match="another erasure is running"):
        erase_person(people)


def test_a_reader_under_way_ends_or_fails_but_never_keeps_the_erasure_waiting(people: Settings) -> None:
    with open_lake(people) as lake:
        current = published(lake, LINES.address)
        assert current is not None
        rows = scan(lake, current).batches()

        assert erase_person(people).verified

        try:
            read = rows.read_all().num_rows
        except (OSError, FileNotFoundError):
            read = 6
        assert read == 6


def test_an_erasure_that_is_killed_again_and_again_comes_to_its_end(people: Settings) -> None:
    refuse(people)
    killed = 0
    while True:
        done = subprocess.run(
            [sys.executable, "-m", "tests.privacy.dying_erasure", str(people.root), ANN, "14"],
            env=environment(people),
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != -9:
            break
        killed += 1
        assert killed < 30

    assert (done.returncode, done.stderr) == (0, "")
    assert killed > 1
    assert search_to_the_byte(asked(people)) == ()
    proof = json.loads(next((people.home / "erasures").glob("*/proof.json")).read_text())
    assert (proof["verified"], proof["resumed"]) == (True, killed)
    assert {one["path"].rsplit("/", 1)[-1] for one in proof["files"] if one["action"] == "rewritten"} == {
        "day1.csv", "day2.csv", "day4.csv",
    }  # fmt: skip


def test_postgresql_forgets_as_duckdb_does(tmp_path: Path, postgres: PostgresDatabase) -> None:
    settings = people_at(tmp_path / "mesh", MESH_ENGINE="postgresql", MESH_POSTGRES_URL=postgres.url)
    build(settings, "r1")
    before = {place for place in places(settings) if place[0] == "engine"}

    proof = erase_person(settings)
    sell(settings, "day5", f"8,{ANN},1,2026-11-05 10:00:00+00\n9,{CY},2,2026-11-05 10:00:00+00\n")
    mesh = load_mesh(settings)
    with engine_for(settings, "orders") as engine:
        landed = ingest(
            mesh.ports("orders")["till"], engine, context=IngestContext(settings, "r4", settings.now(), mesh)
        )

    assert before == {
        ("engine", "orders.landing__till", 2),
        ("engine", "orders.int_lines", 2),
        ("engine", "orders.order_lines", 2),
        ("engine", "billing.landing__order_lines", 2),
        ("engine", "billing.spend", 1),
    }
    assert proof.verified
    assert landed.rows == 1
    assert postgres.run("select count(*) from orders.landing__till") == [(3,)]
    assert postgres.run("select count(*) from billing.landing__order_lines") == [(2,)]
