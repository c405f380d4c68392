"""Each letter once to each channel, whatever fails in between."""

from __future__ import annotations

import logging
import signal as signals
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.incidents.policy import Policy
from mesh_orchestration.incidents.store import open_store
from tests.builders import settings_at
from tests.incidents.scene import MARGIN, ORDERS, REVENUE, Scene, mesh_of_three, signal
from tests.incidents.sinks import WebhookSink, mail_sink, webhook_sink

OPENED = "[ERROR] orders.orders.v1: not published, the contract is broken"


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with webhook_sink() as sink:
        yield sink


@pytest.fixture
def scene(tmp_path: Path, hook: WebhookSink) -> Iterator[Scene]:
    settings = mesh_of_three(tmp_path, MESH_ALERT_WEBHOOK=hook.url)
    with open_store(settings) as store:
        yield Scene(settings, store)


def test_a_receiver_that_is_down_for_an_hour_gets_everything_once_it_is_back(scene: Scene, hook: WebhookSink) -> None:
    hook.status = 503
    for subject in (ORDERS, REVENUE):
        scene.say("raised", signal(subject))
    for _ in range(360):
        scene.deliver(later=10)
    assert (hook.received, scene.store.waiting(), hook.attempts < 40) == ([], 2, True)
    hook.status = 204
    for _ in range(90):
        scene.deliver(later=10)

    assert sorted(hook.titles) == [OPENED.replace(ORDERS, REVENUE), OPENED]
    assert scene.store.waiting() == 0


def test_a_channel_in_trouble_holds_up_no_other(tmp_path: Path, hook: WebhookSink) -> None:
    hook.status = 503
    with mail_sink() as (post, smtp):
        settings = mesh_of_three(tmp_path, MESH_ALERT_WEBHOOK=hook.url, MESH_SMTP_URL=smtp)
        with open_store(settings) as store:
            scene = Scene(settings, store)
            scene.say("raised", signal())
            done = scene.deliver()

    assert ([mail["Subject"] for mail in post.mails], done.waiting) == (
        [OPENED],
        (f"{OPENED}: webhook 127.0.0.1 answered 503 Service Unavailable",),
    )


def test_a_service_that_is_down_is_asked_once_a_round(tmp_path: Path) -> None:
    with webhook_sink() as gone:
        pass
    with open_store(settings := mesh_of_three(tmp_path, MESH_ALERT_WEBHOOK=gone.url)) as store:
        scene = Scene(settings, store)
        scene.say("raised", signal(), signal(MARGIN))
        done = scene.deliver()

    assert len(done.waiting) == 2
    assert len({said.split(": ", 2)[-1] for said in done.waiting}) == 1


def test_a_letter_is_given_up_in_the_end_and_logged(
    scene: Scene, hook: WebhookSink, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = 503
    scene.say("raised", signal())
    with caplog.at_level(logging.ERROR, "mesh.alerts"):
        for _ in range(40):
            scene.deliver(later=600)

    assert (hook.attempts, scene.store.waiting()) == (30, 0)
    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        "gave up after 30 attempts: webhook 127.0.0.1 answered 503 Service Unavailable"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "got_before", "got"),
    [("deciding", 0, 1), ("decided", 0, 1), ("sending", 1, 2)],
    ids=lambda value: str(value),
)
def test_a_process_killed_at_its_weakest_point_loses_nothing_and_repeats_one_letter_at_most(
    scene: Scene, hook: WebhookSink, how: str, got_before: int, got: int
) -> None:
    words = [sys.executable, "-m", "tests.incidents.dying", str(scene.settings.root), hook.url, how]
    died = subprocess.run(words, timeout=60, check=False)
    assert (died.returncode, hook.titles) == (-signals.SIGKILL, [OPENED] * got_before)

    if how == "deciding":
        scene.say("raised", signal())
    for _ in range(3):
        scene.deliver(later=61)

    assert (hook.titles, scene.store.waiting(), scene.store.count()) == ([OPENED] * got, 0, 1)
    assert len({header["Idempotency-Key"] for header in hook.headers}) == 1


def test_two_processes_that_deliver_at_once_send_each_letter_once(scene: Scene, hook: WebhookSink) -> None:
    scene.say("raised", *(signal(name) for name in (ORDERS, REVENUE, MARGIN)))
    with ThreadPoolExecutor(4) as pool:
        done = [one.result(timeout=30) for one in [pool.submit(scene.deliver) for _ in range(4)]]

    assert sum(one.sent for one in done) == 6
    assert len(hook.titles) == len(set(hook.titles)) == 3


@pytest.mark.slow
def test_a_storm_of_a_thousand_troubles_is_a_few_messages(scene: Scene, hook: WebhookSink) -> None:
    for burst in range(10):
        scene.say("raised", *(signal(f"orders.product_{burst}_{number}.v1") for number in range(100)))
        scene.deliver()
    assert scene.store.count() == 1000
    for _ in range(3):
        scene.deliver(later=300)

    told = [len(payload.get("notices", [payload])) for payload in hook.received]
    assert (sum(told), len(told) <= 10, scene.store.waiting()) == (1000, True, 0)


def test_a_storm_of_repeats_is_one_message(scene: Scene, hook: WebhookSink) -> None:
    scene.say("raised", signal())
    scene.say("again", *(signal(run=f"run{number}") for number in range(1000)))
    scene.deliver()

    assert (hook.titles, scene.one().times) == ([OPENED], 1001)


def test_warnings_wait_for_the_end_of_quiet_hours_and_errors_do_not(tmp_path: Path, hook: WebhookSink) -> None:
    with mail_sink() as (post, smtp):
        settings = mesh_of_three(
            tmp_path, MESH_ALERT_WEBHOOK=hook.url, MESH_SMTP_URL=smtp, MESH_INCIDENTS_QUIET="22:00-07:00 Europe/Berlin"
        )
        with open_store(settings) as store:
            scene = Scene(settings, store, at=1_799_964_000.0)  # 2027-01-14 23:20 in Berlin
            scene.say("raised", signal(kind="check", level="warn", check="mean"))
            scene.say("raised", signal())
            scene.deliver(later=3600)
            night = [mail["Subject"] for mail in post.mails]
            scene.deliver(later=7 * 3600)

    assert night == [OPENED]
    assert [mail["Subject"] for mail in post.mails[1:]] == ["[WARN] orders.orders.v1: published with a warning"]
    assert len(hook.titles) == 2


@pytest.mark.parametrize("said", ["always", "25:00-07:00", "22:00-07:00 Nowhere/City"])
def test_quiet_hours_that_are_none_are_an_error_of_the_settings(tmp_path: Path, said: str) -> None:
    with pytest.raises(SettingsError, match=r"MESH_INCIDENTS_QUIET=.* is not a stretch of the day"):
        Policy.of(settings_at(tmp_path, MESH_INCIDENTS_QUIET=said))
