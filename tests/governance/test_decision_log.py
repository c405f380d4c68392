from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mesh_orchestration.governance.decision_log import GENESIS, Decision, DecisionLog
from mesh_orchestration.settings import Settings

READ = Decision(
    point="read", verdict="allow", subject="orders.orders.v1", who="ada", role="analyst", columns=("a", "b")
)
WRITER = """
import sys
from pathlib import Path
from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.settings import Settings
log = DecisionLog(Settings(Path(sys.argv[1]), Path(sys.argv[1])), segment_bytes=4096)
for number in range(int(sys.argv[2])):
    log.append(Decision(point="read", verdict="allow", subject=f"orders.orders.v{number}", who=sys.argv[3]))
    print(number, flush=True)
"""


def writer(home: Path, count: int, who: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home), str(count), who], stdout=subprocess.PIPE, text=True
    )


def segments(settings: Settings) -> list[Path]:
    return sorted((settings.home / "decisions").glob("*.jsonl"))


def change(path: Path, found: str, put: str) -> None:
    text = path.read_text()
    assert found in text
    path.write_text(text.replace(found, put, 1))


@pytest.fixture
def log(settings: Settings) -> DecisionLog:
    return DecisionLog(settings)


def test_what_was_decided_is_read_back_in_order(log: DecisionLog) -> None:
    denied = replace(READ, verdict="deny", rules=("ACC-001",), reason="no role", snapshot=7)
    log.append(READ)
    log.append(denied)

    assert [record.decision for record in log.records()] == [READ, denied]
    assert [record.seq for record in log.records()] == [1, 2]


def test_a_whole_log_is_verified_and_an_empty_one_too(log: DecisionLog) -> None:
    assert (log.verify().records, log.head()) == (0, GENESIS)
    log.append(READ, READ, READ)

    assert (log.verify().records, log.verify().problem, log.verify().head) == (3, "", log.head())


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda lines: [lines[0].replace("ada", "eve"), *lines[1:]], ":1 was changed"),
        (lambda lines: [lines[0], *lines[2:]], ":2 has number 3, expected 2"),
        (lambda lines: [lines[1], lines[0], lines[2]], ":1 has number 2, expected 1"),
        (lambda lines: [lines[0], "{}", *lines[1:]], ":2 is not a record"),
    ],
    ids=["changed", "taken out", "moved", "put in"],
)
def test_tampering_is_found_where_it_happened(log: DecisionLog, settings: Settings, tamper: object, said: str) -> None:
    log.append(READ, READ, READ)
    (path,) = segments(settings)
    assert callable(tamper)
    path.write_text("\n".join(tamper(path.read_text().splitlines())) + "\n")

    assert said in log.verify().problem


def test_a_chain_written_anew_without_the_key_is_found(settings: Settings) -> None:
    keyed = DecisionLog(replace(settings, environ={"MESH_DECISION_KEY": "secret"}))
    keyed.append(READ)
    assert keyed.verify().problem == ""
    (path,) = segments(settings)
    path.unlink()
    DecisionLog(settings).append(replace(READ, who="eve"))

    assert "written with another MESH_DECISION_KEY" in keyed.verify().problem


def test_full_segments_are_followed_by_new_ones_and_stay_one_chain(settings: Settings) -> None:
    log = DecisionLog(settings, segment_bytes=1000)
    for _ in range(20):
        log.append(READ)

    assert len(segments(settings)) > 3
    assert (log.verify().records, log.verify().problem) == (20, "")


def test_what_a_killed_writer_left_unfinished_is_not_a_record(log: DecisionLog, settings: Settings) -> None:
    log.append(READ)
    (path,) = segments(settings)
    with path.open("a") as file:
        file.write('{"seq": 2, "at": "2026')

    assert len(list(log.records())) == 1
    log.append(READ)
    assert (log.verify().records, log.verify().problem) == (2, "")


@pytest.mark.slow
def test_processes_that_write_at_once_and_are_killed_leave_a_whole_chain(settings: Settings) -> None:
    writers = [writer(settings.home, 400, who) for who in ("ada", "bob", "cyd")]
    acknowledged = {}
    deadline = time.monotonic() + 60
    while len(list((settings.home / "decisions").glob("*.jsonl"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    for number, process in enumerate(writers):
        if number == 0:
            process.send_signal(signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
        acknowledged[("ada", "bob", "cyd")[number]] = len(out.splitlines())
    log = DecisionLog(settings)
    written = [record.decision.who for record in log.records()]

    assert log.verify().problem == ""
    assert (acknowledged["bob"], acknowledged["cyd"]) == (400, 400)
    assert all(written.count(who) >= count for who, count in acknowledged.items())


def test_a_record_is_one_line_of_json(log: DecisionLog, settings: Settings) -> None:
    log.append(READ)

    said = json.loads(segments(settings)[0].read_text())
    assert (said["seq"], said["who"], said["previous"]) == (1, "ada", GENESIS)
