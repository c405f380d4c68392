"""Publishers at the same time: one wins, the other is told, and consumers read one whole snapshot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from mesh_orchestration.errors import PublicationConflict
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import Publication, PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.snapshots import history
from tests.builders import product
from tests.publication.publishing import (
    NOW,
    ORDERS,
    exported,
    files_on_disk,
    no_negative_amounts,
    publish_orders,
    served,
)


def together(settings: Settings, *amounts: float, stage: str) -> list[Publication | PublicationConflict]:
    """What comes of runs ``c0``, ``c1`` … that all wait for each other as ``stage`` begins."""
    barrier = Barrier(len(amounts))

    def meet(begins: str) -> None:
        if begins == stage:
            barrier.wait(timeout=30)

    def one(number: int) -> Publication | PublicationConflict:
        with open_lake(settings) as lake:
            try:
                return publish_orders(lake, amounts[number], run=f"c{number}", observer=meet)
            except PublicationConflict as conflict:
                return conflict

    with ThreadPoolExecutor(len(amounts)) as pool:
        return list(pool.map(one, range(len(amounts))))


def split(
    outcomes: Sequence[Publication | PublicationConflict],
) -> tuple[list[Publication], list[PublicationConflict]]:
    won = [one for one in outcomes if isinstance(one, Publication)]
    return won, [one for one in outcomes if isinstance(one, PublicationConflict)]


@pytest.mark.parametrize("stage", ["export", "write", "audit", "publish"])
def test_of_two_publishers_one_wins_and_the_other_is_told(lake: Lake, stage: str) -> None:
    publish_orders(lake, 9, run="r1")
    won, lost = split(together(lake.settings, 1, 2, stage=stage))

    assert len(won) == len(lost) == 1
    assert "another publication was faster" in str(lost[0])
    assert served(lake) == [1.0 if won[0].run_id == "c0" else 2.0]
    assert [one.run_id for one in history(lake, ORDERS.address)] == [won[0].run_id, "r1"]


@pytest.mark.parametrize("stage", ["prepare", "publish"])
def test_of_two_first_publishers_one_wins(lake: Lake, stage: str) -> None:
    won, lost = split(together(lake.settings, 1, 2, stage=stage))

    assert len(won) + len(lost) == 2
    assert won
    assert len(history(lake, ORDERS.address)) == len(won)


def test_the_loser_leaves_nothing_behind_and_may_run_again(lake: Lake) -> None:
    won, lost = split(together(lake.settings, 1, 2, stage="publish"))
    loser = "c1" if won[0].run_id == "c0" else "c0"

    table = lake.table(ORDERS.address)
    assert table is not None
    assert lost
    assert list(table.metadata.refs) == ["main"]
    assert not any(path.parent.name.startswith(f"{loser}-") for path in files_on_disk(lake))
    assert publish_orders(lake, 5, run=loser).published
    assert served(lake) == [5]


def test_a_refusal_does_not_disturb_a_publication_at_the_same_time(lake: Lake) -> None:
    won, lost = split(together(lake.settings, 1, -2, stage="publish"))

    assert lost == []
    assert sorted(one.published for one in won) == [False, True]
    assert served(lake) == [1]


def test_different_products_do_not_disturb_each_other(lake: Lake) -> None:
    products = [product(f"orders.product_{letter}.v1") for letter in "abcd"]

    def one(number: int) -> bool:
        with open_lake(lake.settings) as own:
            request = PublishRequest(lake=own, run_id="r1", now=NOW, audit=no_negative_amounts)
            return publish(products[number], exported(number), request=request).published

    with ThreadPoolExecutor(len(products)) as pool:
        assert all(pool.map(one, range(len(products))))
    assert [served(lake, one.address) for one in products] == [[0], [1], [2], [3]]


@pytest.mark.slow
def test_of_two_processes_one_wins(lake: Lake, tmp_path: Path) -> None:
    publish_orders(lake, 9, run="r1")
    start: Callable[[str], subprocess.Popen[bytes]] = lambda run: subprocess.Popen(  # noqa: E731
        [sys.executable, "-m", "tests.publication.racing", str(tmp_path), run, "2"], stdout=subprocess.PIPE
    )
    with start("c1") as one, start("c2") as two:
        said = [process.communicate(timeout=60)[0].decode().strip() for process in (one, two)]

    assert sorted(said) == ["conflict", "published"]
    assert [one.run_id for one in history(lake, ORDERS.address)] == ["c1" if said[0] == "published" else "c2", "r1"]
    assert served(lake) == [1]
