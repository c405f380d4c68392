from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mesh_orchestration.errors import SettingsError, SourceError
from mesh_orchestration.replay import emit
from mesh_orchestration.replay.landing import naive_utc
from mesh_orchestration.settings import Settings
from tests.replay.source import count, difference

NOW = datetime(2026, 11, 21, 4, 35, 7, tzinfo=UTC)
TURN_OF_CYCLE = datetime(2025, 12, 21, tzinfo=UTC)
STREAMS = ("transactions", "coupon_redemptions", "promotions")
EMIT = """
import sys
from datetime import datetime
from pathlib import Path
from mesh_orchestration.replay import emit
from mesh_orchestration.settings import Settings
if __name__ == "__main__":
    home, weeks, now = sys.argv[1:]
    emit(Settings(Path(home), Path(home), {"MESH_HISTORY_WEEKS": weeks}), datetime.fromisoformat(now))
"""


def settings_in(home: Path, weeks: int = 1) -> Settings:
    return Settings(home, home, {"MESH_HISTORY_WEEKS": str(weeks)})


def wrong(settings: Settings, until: datetime, weeks: int = 1, start: datetime | None = None) -> dict[str, object]:
    """The streams whose landed rows are not exactly those visible at ``until``."""
    begin = naive_utc(start or until) - timedelta(weeks=weeks)
    found = {stream: difference(settings, stream, begin, naive_utc(until)) for stream in STREAMS}
    return {stream: seen for stream, seen in found.items() if seen["missing"] or seen["too_many"]}


def process(home: Path, weeks: int, now: datetime) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", EMIT, str(home), str(weeks), now.isoformat()])


def test_a_first_emission_lands_the_history(tmp_path: Path) -> None:
    emitted = emit(settings_in(tmp_path), NOW)
    assert wrong(settings_in(tmp_path), NOW) == {}
    assert {table: rows for table, rows in emitted.rows.items() if table not in STREAMS} == {
        "products": 92331,
        "households": 801,
        "campaign_descriptions": 27,
        "campaigns": 6589,
        "coupons": 116204,
    }


def test_the_same_emission_again_adds_nothing(tmp_path: Path) -> None:
    emit(settings_in(tmp_path), NOW)
    assert emit(settings_in(tmp_path), NOW).files == ()


def test_an_emission_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    emit(settings_in(tmp_path), NOW, lambda table, done, planned: told.append((table, done, planned)))
    assert [step for step in told if step[0] == "transactions"] == [("transactions", n, 8) for n in range(1, 9)]


def test_a_clock_that_goes_back_adds_nothing(tmp_path: Path) -> None:
    emit(settings_in(tmp_path), NOW)
    assert emit(settings_in(tmp_path), NOW - timedelta(days=3)).files == ()
    assert wrong(settings_in(tmp_path), NOW) == {}


@pytest.mark.slow
def test_more_weeks_of_history_are_added_before_the_first(tmp_path: Path) -> None:
    emit(settings_in(tmp_path, weeks=1), NOW)
    emit(settings_in(tmp_path, weeks=3), NOW + timedelta(hours=30))
    later, start = NOW + timedelta(hours=30), NOW - timedelta(weeks=2)
    assert wrong(settings_in(tmp_path, weeks=3), later, start=start) == {}


def test_a_new_campaign_year_arrives_with_its_cycle(tmp_path: Path) -> None:
    emit(settings_in(tmp_path), TURN_OF_CYCLE - timedelta(hours=1))
    before = count(settings_in(tmp_path), "campaigns")
    added = emit(settings_in(tmp_path), TURN_OF_CYCLE + timedelta(hours=1)).rows
    assert (before, added["campaigns"]) == (6589, 6589)


def test_a_negative_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MESH_HISTORY_WEEKS=-1 is negative"):
        emit(settings_in(tmp_path, -1), NOW)


def test_an_unwritable_landing_folder_is_a_source_error(tmp_path: Path) -> None:
    (tmp_path / "landing").touch()
    with pytest.raises(SourceError, match="cannot be written"):
        emit(settings_in(tmp_path), NOW)


@pytest.mark.slow
@given(
    hours=st.lists(st.integers(-200, 900), min_size=1, max_size=5),
    anchor=st.sampled_from([NOW, TURN_OF_CYCLE]),
)
@example(hours=[864], anchor=TURN_OF_CYCLE)  # a week without redemptions: no file is dropped for them
@hypothesis_settings(max_examples=8)
def test_any_sequence_of_emissions_lands_exactly_what_is_visible(hours: list[int], anchor: datetime) -> None:
    with TemporaryDirectory() as home:
        moments = [anchor + timedelta(hours=hour, seconds=hour) for hour in hours]
        for moment in moments:
            emit(settings_in(Path(home)), moment)
        assert wrong(settings_in(Path(home)), max(moments), start=moments[0]) == {}


@pytest.mark.slow
def test_a_killed_emission_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    for files in (3, 25, 60):
        emitter = process(tmp_path, 8, NOW)
        deadline = time.monotonic() + 60
        while emitter.poll() is None and len(list(landing.glob("*/*.parquet"))) < files:
            assert time.monotonic() < deadline
            os.sched_yield()
        emitter.send_signal(signal.SIGKILL)
        emitter.wait()
    emit(settings_in(tmp_path, 8), NOW + timedelta(hours=2))
    later = NOW + timedelta(hours=2)
    assert wrong(settings_in(tmp_path, 8), later, weeks=8, start=NOW) == {}


@pytest.mark.slow
def test_two_emitters_at_once_land_every_row_once(tmp_path: Path) -> None:
    emitters = [process(tmp_path, 4, NOW), process(tmp_path, 4, NOW)]
    assert [emitter.wait(60) for emitter in emitters] == [0, 0]
    assert wrong(settings_in(tmp_path, 4), NOW, weeks=4) == {}


@pytest.mark.slow
def test_52_weeks_are_the_whole_year(tmp_path: Path) -> None:
    emitted = emit(settings_in(tmp_path, 52), NOW)
    assert {stream: emitted.rows[stream] for stream in STREAMS} == {
        "transactions": 1_469_307,
        "coupon_redemptions": 2_102,
        "promotions": 20_940_529,
    }
    assert emitted.until - emitted.start == timedelta(days=364)
