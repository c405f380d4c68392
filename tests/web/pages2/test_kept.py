"""Values that the service keeps: found once, found anew beside, forgotten when they cannot be found."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.impact.stamp import stamp_of
from mesh_orchestration.web.kept import MOST, Kept, unless_same
from tests.builders import mesh_at, product


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_value_is_found_once_for_many_who_ask() -> None:
    kept, found = Kept(), list[int]()

    def find() -> int:
        time.sleep(0.05)
        found.append(1)
        return len(found)

    askers = [Thread(target=kept.get, args=("a", find), kwargs={"seconds": 60}) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(20)
    assert found == [1]


def test_an_old_value_is_given_while_a_new_one_is_found() -> None:
    kept, values = Kept(), iter(range(9))
    assert kept.get("a", lambda: next(values), seconds=0) == 0
    assert kept.get("a", lambda: next(values), seconds=60) == 0
    until(lambda: kept.get("a", lambda: next(values), seconds=0) > 0)


def test_what_takes_long_is_found_more_seldom() -> None:
    kept, found = Kept(), list[int]()

    def find() -> int:
        time.sleep(0.5)
        found.append(1)
        return len(found)

    assert [kept.get("a", find, seconds=0) for _ in range(50)] == [1] * 50
    assert found == [1]


def test_what_can_no_longer_be_found_is_told_to_the_next_who_asks() -> None:
    kept = Kept()

    def broken() -> int:
        raise MeshError("the policies cannot be read")

    def told() -> bool:
        try:
            return kept.get("a", broken, seconds=0) != 1
        except MeshError:
            return True

    assert kept.get("a", lambda: 1, seconds=60) == 1
    until(told)
    with pytest.raises(MeshError, match="policies"):
        kept.get("a", broken, seconds=60)


def test_nobody_waits_for_what_comes_soon() -> None:
    kept = Kept()
    assert kept.soon("a", lambda: 1, seconds=60) is None
    until(lambda: kept.soon("a", lambda: 2, seconds=60) == 1)


def test_the_least_used_values_leave_first() -> None:
    kept = Kept()
    for number in range(MOST + 1):
        kept.get(str(number), lambda number=number: number, seconds=60)  # type: ignore[misc]
        kept.get("0", lambda: 0, seconds=60)
    assert (kept.last("0"), kept.last("1"), kept.last("2")) == (0, None, 2)


def test_contracts_are_loaded_again_only_when_one_changed(tmp_path: Path) -> None:
    settings, kept = mesh_at(tmp_path, product("orders.a.v1")), Kept()
    looked, loaded = list[str](), list[Mesh]()

    def look() -> str:
        looked.append(stamp_of(settings.contracts_dir))
        return looked[-1]

    def load() -> Mesh:
        loaded.append(load_mesh(settings))
        return loaded[-1]

    def mesh() -> Mesh:
        return unless_same(kept, "m", look, load, seconds=0)

    until(lambda: bool(mesh()) and len(looked) > 3)
    assert len(loaded) == 1
    mesh_at(tmp_path, product("orders.b.v1"))
    until(lambda: len(mesh().products) == 2)


def test_what_dbt_writes_itself_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "model.sql").write_text("select 1")
    before = stamp_of(tmp_path)
    (tmp_path / "target" / "manifest.json").write_text("{}")
    assert stamp_of(tmp_path) == before
    (tmp_path / "model.sql").write_text("select 12")
    assert stamp_of(tmp_path) != before


def test_what_is_kept_of_a_state_is_found_anew_in_another_state_and_when_it_is_old() -> None:
    kept, found = Kept(), list[str]()

    def ask(state: str, seconds: float = 60) -> int:
        def find() -> int:
            found.append(state)
            return len(found)

        return kept.of_state("a", state, find, seconds=seconds)

    assert [ask("one"), ask("one"), ask("two"), ask("two"), ask("two", seconds=0), ask("one")] == [1, 1, 2, 2, 3, 4]
    assert found == ["one", "two", "two", "one"]
