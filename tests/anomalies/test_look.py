"""Looking at a real lake: what is published becomes history, and what is unlike it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.anomalies.look import BACK, GONE, PUBLISHED, SHIFTED, Looked
from mesh_orchestration.anomalies.look import look as look_of
from mesh_orchestration.anomalies.series import Finding, Key
from mesh_orchestration.anomalies.store import Store, open_findings, open_store
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import mesh_at, product
from tests.postgres import PostgresDatabase
from tests.publication.publishing import NOW, copy_to, no_negative_amounts, publish_orders

FIELDS = {
    "order_id": {"type": "string", "constraints": {"primary_key": True}},
    "amount": "decimal(12,2)",
    "email": {"type": "string", "pii": True},
    "income": {"type": "double", "pii": True},
}
ORDERS = product(fields=FIELDS)
KEY = str(ORDERS.address)
FEW = {"MESH_ANOMALY_POINTS": "4"}


def export(rows: int, *, mean: float = 10, without: float = 0) -> Any:
    """An export of so many rows; the share ``without`` has no amount."""

    def write(directory: Path) -> list[Path]:
        copy_to(
            directory / "rows.parquet",
            f"select 'o' || i as order_id, case when i >= {rows * without} then ({mean} + i % 3)::decimal(12,2) end "
            f"as amount, 'a' || i % 5 as email, 1.5::double as income from range({rows}) as rows(i)",
        )
        return [directory / "rows.parquet"]

    return write


def publish(settings: Settings, hour: float, rows: int = 100, **said: Any) -> None:
    shape = {name: said.pop(name) for name in ("mean", "without") if name in said}
    given = {"contract": ORDERS, "run": f"r{hour}", "now": NOW + timedelta(hours=hour), "audit": None} | said
    with open_lake(settings) as lake:
        publish_orders(lake, export=export(rows, **shape), **given)


def at(settings: Settings, hour: float) -> Settings:
    return replace(settings, environ={**settings.environ, "MESH_NOW": (NOW + timedelta(hours=hour)).isoformat()})


def look(settings: Settings, hour: float, seconds: float = 30) -> Looked:
    now = at(settings, hour)
    with open_store(now) as store:
        return look_of(now, load_mesh(now), store, seconds=seconds)


def found(settings: Settings, metric: str, subject: str = "") -> list[Finding]:
    with open_store(settings) as store:
        return [one for one in store.findings(since=NOW) if one.key == Key(KEY, metric, subject)]


def hours(moment: datetime | None) -> float:
    """How many hours after NOW, to the hundredth: a publication takes a moment."""
    assert moment is not None
    return round((moment - NOW) / timedelta(hours=1), 2)


@pytest.fixture
def mesh(tmp_path: Path) -> Settings:
    """A product that was published hourly, five times, and looked at."""
    settings = mesh_at(tmp_path, ORDERS, **FEW)
    for hour in range(5):
        publish(settings, hour)
    assert look(settings, 4.5).publications == 5
    return settings


@pytest.mark.slow
def test_nothing_is_told_of_what_is_usual_and_of_too_short_a_history(mesh: Settings) -> None:
    publish(mesh, 5)
    assert look(mesh, 5.1) == Looked(1, 1, ())
    with open_store(mesh) as store:
        rows = store.points(KEY)[Key(KEY, "rows")]
        watched, judged = store.counts()
    assert [point.expected is None for point in rows] == [True] * 4 + [False] * 2
    assert (watched, judged) == (8, 8)  # rows, gap, failing keys; nulls of three columns; a mean; distinct values


def test_a_publication_with_half_the_rows_is_told_until_it_is_as_usual_again(mesh: Settings) -> None:
    publish(mesh, 5, 50)
    (one,) = look(mesh, 5.1).open
    assert one.text == "rows: 50, expected 95 to 105 (5 publications); usual is 100, 50% fewer"
    assert (one.key, one.count, one.id.startswith(f"{KEY} rows@2026-11-20T11:00:00")) == (Key(KEY, "rows"), 1, True)

    publish(mesh, 6, 40)
    (two,) = look(mesh, 6.1).open
    assert (two.id, two.count, two.value) == (one.id, 2, 40)
    assert open_findings(mesh) == (two,)

    publish(mesh, 7)
    assert look(mesh, 7.1).open == ()
    (ended,) = found(mesh, "rows")
    assert (hours(ended.closed), ended.ending) == (7, BACK)


@pytest.mark.slow
def test_nulls_and_means_of_a_column_are_watched(mesh: Settings) -> None:
    publish(mesh, 5, without=0.3)
    publish(mesh, 6, mean=30)
    look(mesh, 6.1)
    (nulls,) = found(mesh, "nulls", "amount")
    assert nulls.text == "nulls of amount: 30%, expected 0% to 1% (5 publications); usual is 0%, 30 points more"
    (mean,) = found(mesh, "mean", "amount")
    assert (mean.closed, mean.value) == (None, pytest.approx(31, abs=0.1))


@pytest.mark.slow
def test_nothing_is_kept_that_shows_a_masked_value(mesh: Settings) -> None:
    with open_store(mesh) as store:
        said = {(key.metric, key.subject) for key in store.points(KEY)}
    assert ("mean", "income") not in said
    assert {("nulls", "income"), ("distinct", "email"), ("mean", "amount")} <= said


def test_a_publication_that_does_not_come_is_told_while_it_lasts(mesh: Settings) -> None:
    publish(mesh, 5)
    assert look(mesh, 6).open == ()
    (late,) = look(mesh, 8).open
    assert late.text == "nothing was published for 3h; the pause is usually 1h, at most 1h 15m (5 publications)"
    assert hours(late.opened) == 6.25
    (still,) = look(mesh, 9).open
    assert (still.id, still.value) == (late.id, pytest.approx(4 * 3600, abs=5))

    publish(mesh, 9.5)
    assert look(mesh, 9.6).open == ()
    (ended,) = found(mesh, "gap")
    assert (ended.ending, hours(ended.closed)) == (PUBLISHED, 9.5)


@pytest.mark.slow
def test_a_pause_that_nobody_saw_is_told_afterwards(mesh: Settings) -> None:
    publish(mesh, 5)
    publish(mesh, 9)
    assert look(mesh, 9.1).open == ()
    (late,) = found(mesh, "gap")
    assert (hours(late.opened), hours(late.closed)) == (6.25, 9)


@pytest.mark.slow
def test_refused_and_reduced_publications_are_no_history(mesh: Settings) -> None:
    with open_lake(mesh) as lake:
        publish_orders(
            lake, run="bad", now=NOW + timedelta(hours=5), contract=ORDERS, export=export(3, mean=-9),
            audit=no_negative_amounts,
        )  # fmt: skip
    publish(mesh, 5, 60, rewrite="erasure")
    publish(mesh, 5.5)
    done = look(mesh, 5.6)
    assert (done.publications, done.open) == (1, ())


@pytest.mark.slow
def test_a_new_level_becomes_the_usual_one(tmp_path: Path) -> None:
    mesh = mesh_at(tmp_path, ORDERS, **FEW)
    for hour in range(15):
        publish(mesh, hour, 100 if hour < 5 else 300)
    look(mesh, 14.1)
    (shifted,) = found(mesh, "rows")
    assert (shifted.count, shifted.ending) == (6, SHIFTED)
    publish(mesh, 15, 100)
    assert [one.key.metric for one in look(mesh, 15.1).open] == ["rows"]


@pytest.mark.slow
def test_what_is_gone_is_no_longer_told(mesh: Settings) -> None:
    publish(mesh, 5, 50)
    look(mesh, 5.1)
    mesh.root.joinpath("contracts/orders/order_lines/v1.yaml").unlink()
    assert look(mesh, 5.2).open == ()
    assert found(mesh, "rows")[0].ending == GONE


def test_a_look_that_runs_out_of_time_is_gone_on_with_and_none_counts_twice(tmp_path: Path) -> None:
    mesh = mesh_at(tmp_path, ORDERS, **FEW)
    publish(mesh, 0)
    publish(mesh, 1)
    assert look(mesh, 1.1, seconds=-1) == Looked(1, 0, (), finished=False)
    assert (look(mesh, 1.2).publications, look(mesh, 1.3).publications) == (2, 0)


def test_a_damaged_history_says_what_to_do(tmp_path: Path) -> None:
    mesh = mesh_at(tmp_path, ORDERS)
    file = Store.place.path(mesh)
    file.parent.mkdir(parents=True)
    file.write_text("this is no database, and long enough to be taken for one" * 20, encoding="utf-8")
    with pytest.raises(StorageError, match="move it away: it is made anew"):
        look(mesh, 0)


@pytest.mark.slow
def test_the_history_may_live_in_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    url = postgres.url
    mesh = mesh_at(tmp_path, ORDERS, **FEW, MESH_ANOMALIES_URL=url)
    for hour in range(6):
        publish(mesh, hour, 100 if hour < 5 else 10)
    (one,) = look(mesh, 5.1).open
    assert (one.value, open_findings(mesh)) == (10, (one,))
    publish(mesh, 6)
    assert look(mesh, 6.1).open == ()
