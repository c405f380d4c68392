"""An engine forgets a person, and a landing leaves erased people out, also of a stream."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mesh_orchestration.engines.base import Batch, Changes
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.duckdb import DuckDBEngine, open_engine
from mesh_orchestration.engines.suppression import Suppressed, digest_of, suppress
from mesh_orchestration.errors import StorageError
from mesh_orchestration.masking import key_name
from mesh_orchestration.settings import Settings
from tests.builders import settings_at

NOW, SECRET = datetime(2026, 11, 20, tzinfo=UTC), "a secret"
COLUMNS = (Column.parse("id", "long"), Column.parse("who", "string"))


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return settings_at(tmp_path, MESH_ERASURE_KEY=SECRET)


def erased(settings: Settings, *keys: str, ports: dict[str, list[str]] | None = None) -> None:
    named = {"crm.people": ["id"]} if ports is None else ports
    people = (Suppressed(digest_of(key, SECRET), key_name(SECRET), named, ["who"], "e1") for key in keys)
    suppress(settings, people)


def rows(*pairs: tuple[int | None, str]) -> pa.RecordBatch:
    return pa.record_batch(
        {"id": pa.array([one for one, _ in pairs], pa.int64()), "who": pa.array([two for _, two in pairs], pa.string())}
    )


def landed(engine: DuckDBEngine, port: str, batch: str, *pairs: tuple[int | None, str]) -> int:
    reader = pa.RecordBatchReader.from_batches(rows().schema, [rows(*pairs)])
    return engine.land(port, COLUMNS, Batch(batch, f"sha256:{batch}", NOW), reader).rows


def test_erased_people_do_not_land_and_the_ledger_counts_those_who_do(home: Settings) -> None:
    erased(home, "42", "7")
    with open_engine(home, "crm") as engine:
        count = landed(engine, "people", "b1", (42, "a"), (7, "b"), (8, "42"), (None, "c"))
        held = engine.execute(f"select who from {engine.relation('landing__people')} order by who")
        assert (count, engine.ledger("people")[0].rows, held) == (2, 2, [("42",), ("c",)])


def test_a_port_that_was_not_there_at_the_erasure_is_known_by_the_names(home: Settings) -> None:
    erased(home, "ann")
    with open_engine(home, "crm") as engine:
        assert landed(engine, "visits", "b1", (1, "ann"), (2, "bob")) == 1


def test_a_stream_leaves_them_out_too(home: Settings) -> None:
    erased(home, "42")
    changes = rows((42, "a"), (8, "b")).append_column("__op", pa.array(["upsert", "upsert"]))
    changes = changes.append_column("__kept", pa.nulls(2, pa.string())).append_column(
        "__was_0", pa.nulls(2, pa.int64())
    )
    with open_engine(home, "crm") as engine:
        keyed = engine.apply("people", COLUMNS, Batch("k1", "sha256:k", NOW), [Changes(changes)], key=["id"])
        added = engine.apply("visits", COLUMNS, Batch("a1", "sha256:a", NOW), [Changes(rows((42, "x"), (9, "y")))])
        assert (keyed.rows, added.rows) == (1, 2)


def test_a_list_that_cannot_be_read_stops_landing(home: Settings) -> None:
    home.home.mkdir()
    (home.home / "suppressed.json").write_text("{")
    with open_engine(home, "crm") as engine, pytest.raises(StorageError, match="the list of erased people"):
        landed(engine, "people", "b1", (1, "a"))


def test_messages_that_were_put_aside_are_found_by_whole_words(home: Settings) -> None:
    bad = [
        ("t/0@1", "no json", b"42", b'{"id": 42'),
        ("t/0@2", "no json", None, b'{"id": 421'),
        ("t/0@3", "42?", None, b""),
    ]
    put_aside = pa.record_batch({
        "origin": [one[0] for one in bad], "reason": [one[1] for one in bad],
        "key": pa.array([one[2] for one in bad], pa.binary()), "value": pa.array([one[3] for one in bad], pa.binary()),
    })  # fmt: skip
    with open_engine(home, "crm") as engine:
        step = Changes(rows(), refused=put_aside)
        engine.apply("people", COLUMNS, Batch("b1", "sha256:b", NOW), [step])

        found = engine.refused_with("people", "42")

        assert sorted(found) == ["t/0@1", "t/0@3"]
        assert engine.forget_refused("people", found) == 2
        assert engine.refused_with("people", "42") == ()


def test_a_compacted_engine_has_its_tables_views_and_ledger_and_no_byte_of_the_person(home: Settings) -> None:
    with open_engine(home, "crm") as engine:
        landed(engine, "people", "b1", (1, "ann@example.com"), (2, "bob@example.com"))
        engine.execute(f"create view {engine.relation('v')} as select who from {engine.relation('landing__people')}")

        gone = engine.forget_landed("people", {"who": "ann@example.com"}, files={}, token="e1")
        engine.compact()

        assert gone == 1
        assert engine.execute(f"select * from {engine.relation('v')}") == [("bob@example.com",)]
        (entry,) = engine.ledger("people")
        assert (entry.rows, entry.fingerprint == "sha256:b1") == (1, False)
    assert b"ann@example.com" not in engine.path.read_bytes()
    assert [path.name for path in engine.path.parent.iterdir()] == ["crm_engine.duckdb"]
