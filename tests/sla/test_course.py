"""The intervals of the ledger against a model that asks about each second."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.contract.model import Sla
from mesh_orchestration.sla.ledger import Ledger
from mesh_orchestration.sla.measure import Fact
from tests.sla.facts import HOLD, NOW, by_second, fact, intervals, ledger_in, look, states

END = 120


@dataclass(frozen=True)
class Attempt:
    """What happens at a second: a publication of so many rows that promises a window (None: no promise)."""

    second: int
    window: int | None
    rows: int = 3
    rewrite: bool = False

    @property
    def counts(self) -> bool:
        """Whether it resets the age of the data."""
        return self.rows > 0 and not self.rewrite


@st.composite
def histories(draw: st.DrawFn, windows: st.SearchStrategy[int | None]) -> list[Attempt]:
    seconds = sorted(draw(st.sets(st.integers(0, END - 20), min_size=1, max_size=8)))
    return [
        Attempt(second, draw(windows), draw(st.sampled_from([3, 3, 3, 0])), draw(st.sampled_from([False] * 5 + [True])))
        for second in seconds
    ]


def facts_of(history: list[Attempt]) -> list[Fact]:
    """Each with the version that its window makes."""
    return [
        fact(
            number,
            one.second,
            Sla(freshness=f"{one.window}s" if one.window else None),
            version=f"1.{one.window or 0}.0",
            rows=one.rows,
            rewrite=one.rewrite,
        )
        for number, one in enumerate(history, start=1)
    ]


def fresh_at(history: list[Attempt], second: int) -> str | None:
    """The state at one second, asked of every publication anew; None where nothing is promised."""
    last: Attempt | None = None
    for one in history:
        if one.second > second or one.rewrite:
            continue
        if one.window is None:
            last = None
        elif one.counts:
            last = one
    if last is None or last.window is None:
        return None
    return "kept" if second < last.second + last.window else "broken"


def recorded(folder: str, history: list[Attempt], ticks: list[int], *, kept: int = 99) -> Ledger:
    """A ledger that looked at these seconds, each time at the newest ``kept`` snapshots at most."""
    ledger, facts = ledger_in(Path(folder)), facts_of(history)
    for tick in [*ticks, END]:
        there = [one for one in facts if (one.at - NOW).total_seconds() <= tick][-kept:]
        known = ledger.standings().get("orders.order_lines.v1")
        new = [one for one in there if known is None or one.sequence > known.sequence]
        if there:
            before = intervals_stored(ledger)
            look(ledger, tick, *new)
            assert intervals_stored(ledger)[: len(before)] == before, "what was written once stays"
    return ledger


def intervals_stored(ledger: Ledger) -> list[object]:
    ends = [course.start for course in ledger.courses().values()]
    until = (min(ends) - NOW).total_seconds() if ends else END
    return list(intervals(ledger, "freshness", until))


TICKS = st.lists(st.integers(0, END), max_size=6).map(sorted)


@settings(max_examples=30)
@given(histories(st.sampled_from([5, 10, 25, None])), TICKS)
def test_freshness_is_exact_to_the_second_however_seldom_somebody_looks(
    history: list[Attempt], ticks: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, recorded(folder, history, ticks) as ledger:
        said = intervals(ledger, "freshness", END)
        expected = {second: fresh_at(history, second) for second in range(END)}

        assert by_second(said) == {second: state for second, state in expected.items() if state}
        assert all(one.end <= two.start for one, two in itertools.pairwise(said))
        promised = {one.second: one.window for one in history}
        assert all(one.threshold in promised.values() for one in said)
        assert all(one.version == f"1.{one.threshold:g}.0" for one in said if one.threshold)


@settings(max_examples=30)
@given(histories(st.sampled_from([5, 10, 25])), TICKS, st.integers(1, 3))
def test_what_expired_unseen_is_unknown_and_never_wrong(history: list[Attempt], ticks: list[int], kept: int) -> None:
    with tempfile.TemporaryDirectory() as folder, recorded(folder, history, ticks, kept=kept) as ledger:
        for second, state in by_second(intervals(ledger, "freshness", END)).items():
            assert state in ("unknown", fresh_at(history, second)), second


@settings(max_examples=30)
@given(st.dictionaries(st.integers(1, END), st.booleans(), min_size=1, max_size=12))
def test_availability_is_known_only_between_looks_that_follow_each_other(looks: dict[int, bool]) -> None:
    hold = int(HOLD / timedelta(seconds=1))
    with tempfile.TemporaryDirectory() as folder, ledger_in(Path(folder)) as ledger:
        published = fact(1, 0, Sla(availability=0.99))
        for second, readable in sorted(looks.items()):
            new = (published,) if second == min(looks) else ()
            look(ledger, second, *new, trouble="" if readable else "gone")
        said = by_second(intervals(ledger, "availability", END))

    expected = {}
    order = sorted(looks)
    for second in range(END):
        before = [one for one in order if one <= second]
        after = next((one for one in order if one > second), END)
        known = bool(before) and after - before[-1] <= hold
        expected[second] = ("kept" if looks[before[-1]] else "broken") if known else "unknown"
    assert said == expected


def test_a_breach_begins_at_publication_plus_window_and_ends_with_the_next(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0))
        look(ledger, 14)
        look(ledger, 30, fact(2, 22))
        said = intervals(ledger, "freshness", 30)

        assert states(said) == [(0, 10, "kept"), (10, 22, "broken"), (22, 30, "kept")]
        assert [one.value for one in said] == [10, 22, 8]
        assert [one.detected and (one.detected - NOW).total_seconds() for one in said] == [None, 14, None]


def test_a_refused_publication_changes_nothing_and_an_empty_one_neither(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0))
        look(ledger, 6)  # a refusal shows no new snapshot of main
        look(ledger, 9, fact(2, 8, rows=0))
        assert states(intervals(ledger, "freshness", 12)) == [(0, 10, "kept"), (10, 12, "broken")]


def test_another_window_counts_from_the_publication_that_brings_it(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0))
        look(ledger, 5, fact(2, 5, Sla(freshness="20s"), version="1.1.0"))
        said = intervals(ledger, "freshness", 30)

        assert states(said) == [(0, 5, "kept"), (5, 25, "kept"), (25, 30, "broken")]
        assert [(one.threshold, one.version) for one in said] == [(10, "1.0.0"), (20, "1.1.0"), (20, "1.1.0")]


def test_good_days_stay_one_interval(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        for number in range(1, 13):
            look(ledger, number * 5, fact(number, number * 5))
        said = intervals(ledger, "freshness", 62)
        assert states(said) == [(5, 62, "kept")]
        assert (said[0].value, said[0].snapshot) == (5, 12)


def test_a_contract_that_is_gone_promises_nothing_until_it_publishes_again(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0))
        look(ledger, 4, living=False)
        look(ledger, 20, living=False)
        look(ledger, 24)
        look(ledger, 27, fact(2, 26))
        assert states(intervals(ledger, "freshness", 28)) == [(0, 4, "kept"), (24, 26, "unknown"), (26, 28, "kept")]
