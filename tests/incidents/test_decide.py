"""One incident for each cause: what joins, flaps, escalates, is muted, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.incidents.hand import acknowledge, mute, resolve, unmute
from mesh_orchestration.incidents.store import open_store
from tests.incidents.scene import MARGIN, ORDERS, REVENUE, Scene, mesh_of_three, signal
from tests.postgres import PostgresDatabase

Stage = Callable[..., Scene]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:

        def begin(**environ: str) -> Scene:
            settings = mesh_of_three(tmp_path, **environ)
            return Scene(settings, stack.enter_context(open_store(settings)))

        yield begin


def test_a_refusal_with_its_retries_is_one_incident_and_two_messages(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal())
    for run in ("retry1", "retry2", "retry3"):
        scene.say("again", signal(run=run))
    scene.say("cleared", signal())

    assert scene.told() == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[RESOLVED] orders.orders.v1: published again",
    ]
    assert (scene.one().times, scene.one().run_id, scene.one().state) == (4, "retry3", "recovered")
    assert scene.went() == ["opened", "again", "again", "again", "recovered"]


def test_lateness_downstream_joins_the_refusal_and_ends_with_it(stage: Stage) -> None:
    scene = stage()
    late = [signal(name, "sla", check="freshness") for name in (REVENUE, MARGIN, ORDERS)]
    scene.say("raised", signal())
    scene.say("raised", *late, source="sla")
    scene.say("cleared", signal())
    assert scene.one().state == "open"
    scene.say("cleared", *late, source="sla")

    assert scene.told() == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[ERROR] billing.revenue.v1: late because of orders.orders.v1",
        "[ERROR] finance.margin.v1: late because of orders.orders.v1",
        "[RESOLVED] orders.orders.v1: published again",
    ]
    assert scene.one().affected == {REVENUE: "team:billing", MARGIN: "team:finance"}
    assert scene.store.incidents("ended", subject=MARGIN) == (scene.one(),)


def test_lateness_upstream_of_a_refusal_is_an_incident_of_its_own(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal(MARGIN))
    scene.say("raised", signal(ORDERS, "freshness"))

    assert {one.subject for one in scene.store.incidents()} == {MARGIN, ORDERS}


def test_an_accuracy_that_is_broken_follows_from_no_refusal(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal())
    scene.say("raised", signal(REVENUE, "sla", check="accuracy"), source="sla")

    assert scene.store.count() == 2


def test_one_error_of_one_run_is_one_incident_for_all_its_steps(stage: Stage) -> None:
    scene = stage()
    steps = [signal(name, "run", error=f"Step {name}: no space left") for name in (ORDERS, REVENUE)]
    other = signal(MARGIN, "run", error="Step margin: division by zero")
    scene.say("raised", *steps, other)

    assert sorted(one.subject for one in scene.store.incidents()) == [MARGIN, ORDERS]


def test_everything_that_is_late_because_the_daemon_is_silent_is_one_incident(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal("platform/daemon", "platform", check="daemon"), source="watchdog")
    scene.say("raised", *(signal(name, "freshness") for name in (ORDERS, REVENUE, MARGIN)))

    assert scene.one().subject == "platform/daemon"


def test_lateness_seen_before_the_refusal_is_merged_into_it_and_recovers_with_it(stage: Stage) -> None:
    scene = stage()
    late = [signal(name, "sla", check="freshness") for name in (MARGIN, REVENUE, ORDERS)]
    for one in late:
        scene.say("raised", one, source="sla")
    symptoms = {one.subject: one for one in scene.store.incidents()}
    scene.say("raised", signal())
    (cause,) = scene.store.incidents()
    merged = {one.subject: one for one in scene.store.incidents("ended")}
    scene.say("cleared", signal())
    scene.say("cleared", *late[1:], source="sla")
    assert scene.store.count() == 1
    scene.say("cleared", late[0], source="sla")

    assert (cause.subject, cause.kind, dict(cause.affected)) == (
        ORDERS,
        "contract",
        {MARGIN: "team:finance", REVENUE: "team:billing"},
    )
    assert {(one.id, one.state) for one in merged.values()} == {(one.id, "merged") for one in symptoms.values()}
    assert scene.told(cause) == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[ERROR] finance.margin.v1: late because of orders.orders.v1",
        "[ERROR] billing.revenue.v1: late because of orders.orders.v1",
        "[RESOLVED] orders.orders.v1: published again",
    ]
    for subject, one in merged.items():
        assert scene.told(one) == [f"[ERROR] {subject}: its freshness SLA is broken"]
        assert scene.went(one) == ["opened", "merged"]
        assert scene.store.timeline(one.id)[-1].evidence == {"incident": cause.id}
    assert scene.went(cause) == [
        "opened", "merged", "affected", "merged", "affected", "merged", "joined",
        "better", "better", "better", "recovered",
    ]  # fmt: skip
    assert [one.state for one in scene.store.incidents("all", subject=ORDERS)] == ["recovered", "merged"]


def test_lateness_that_a_refusal_cannot_explain_stays_an_incident_of_its_own(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal(ORDERS, "freshness"))
    scene.say("raised", signal(REVENUE, "sla", check="freshness"), source="sla")
    scene.say("raised", signal(MARGIN, "sla", check="accuracy"), source="sla")
    scene.say("raised", signal(REVENUE))

    assert {(one.subject, one.kind) for one in scene.store.incidents()} == {
        (ORDERS, "freshness"),
        (MARGIN, "sla"),
        (REVENUE, "contract"),
    }


def test_lateness_seen_before_the_daemon_was_missed_is_merged_unless_it_is_older(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal(ORDERS, "freshness"))
    silent = replace(signal("platform/daemon", "platform", check="daemon"), at=scene.at + 10)
    scene.say("raised", signal("finance.other.v1", "freshness"), later=20)
    scene.say("raised", silent, source="watchdog", later=180)

    assert {one.subject: one.state for one in scene.store.incidents("all")} == {
        ORDERS: "open",
        "platform/daemon": "open",
        "finance.other.v1": "merged",
    }


def test_a_refusal_that_comes_again_after_it_was_resolved_takes_the_lateness_meanwhile(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal())
    resolve(scene.store, ORDERS, by="ada", now=scene.at)
    scene.say("raised", signal(REVENUE, "freshness"))
    scene.say("again", signal(run="run2"))

    assert [one.subject for one in scene.store.incidents()] == [ORDERS]
    assert {one.state for one in scene.store.incidents("ended")} == {"resolved", "merged"}


def test_readers_are_told_in_words_of_their_own(stage: Stage) -> None:
    scene = stage(MESH_ALERT_URLS_BILLING="json://billing.company.io")
    scene.say("raised", signal())

    assert [one.title for one in scene.store.deliveries(scene.one().id)] == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[NOTICE] orders.orders.v1, which you read: not published, the contract is broken",
    ]


def test_what_comes_and_goes_is_told_once_until_it_stays_calm(stage: Stage) -> None:
    scene = stage()
    for _ in range(20):
        scene.say("raised", signal())
        scene.say("cleared", signal())
    flapping = scene.store.incidents()[0]
    assert (flapping.flapping, flapping.settles_at) == (True, scene.at + 1800)
    scene.wait(1799)
    assert scene.store.count() == 1
    scene.wait(1)

    assert scene.store.count("all") == 2
    assert scene.told(flapping) == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[RESOLVED] orders.orders.v1: published again",
        "[ERROR] orders.orders.v1: breaks and recovers again and again; you hear of it when it has calmed down",
        "[RESOLVED] orders.orders.v1: published again",
    ]


def test_an_error_that_nobody_acknowledges_is_escalated_once(stage: Stage) -> None:
    scene = stage(MESH_INCIDENTS_ESCALATE_TO="team:oncall", MESH_ALERT_URLS_ONCALL="json://oncall.company.io")
    scene.say("raised", signal())
    scene.wait(3599)
    assert len(scene.told()) == 1
    scene.wait(1)
    scene.wait(7200)

    assert scene.told()[1:] == ["[ERROR] orders.orders.v1: nobody has acknowledged this for 1 h"]
    channels = [one.channel.split()[0] for one in scene.store.deliveries(scene.one().id)]
    assert channels == ["log", "log", "apprise"]


def test_an_acknowledged_incident_is_not_escalated(stage: Stage) -> None:
    scene = stage()
    scene.say("raised", signal())
    acknowledge(scene.store, ORDERS, by="ada", now=scene.at)
    scene.wait(7200)

    assert (len(scene.told()), scene.one().state, scene.one().acknowledged_by) == (1, "acknowledged", "ada")


def test_what_was_resolved_by_hand_stays_so_until_it_happens_anew(stage: Stage) -> None:
    scene = stage()
    broken = signal(kind="sla", check="accuracy")
    scene.say("raised", broken, source="sla")
    resolve(scene.store, scene.one().id[:8], by="ada", reason="known", now=scene.at)
    scene.wait(600)
    assert scene.store.incidents() == ()
    with pytest.raises(SettingsError, match="is over already: resolved"):
        acknowledge(scene.store, ORDERS, by="ben", now=scene.at)
    scene.say("cleared", broken, source="sla")
    scene.say("raised", broken, source="sla")

    assert [one.state for one in scene.store.incidents("all")] == ["open", "resolved"]


@pytest.mark.parametrize("subject", [ORDERS, "orders", "*"])
def test_a_muted_product_is_recorded_and_told_of_to_nobody(stage: Stage, subject: str) -> None:
    scene = stage()
    mute(scene.store, subject, until=scene.at + 600, by="ada", reason="migration", now=scene.at)
    scene.say("raised", signal())
    assert (scene.told(), scene.went()) == ([], ["opened", "muted"])
    assert unmute(scene.store, subject, now=scene.at)
    scene.say("cleared", signal())

    assert scene.told() == ["[RESOLVED] orders.orders.v1: published again"]


def test_an_unknown_incident_is_named_with_where_to_look(stage: Stage) -> None:
    with pytest.raises(SettingsError, match="there is no incident of 'nothing'; see them with: mesh incidents ls"):
        stage().store.incident("nothing")


def test_the_store_works_on_postgresql_too(stage: Stage, postgres: PostgresDatabase) -> None:
    scene = stage(MESH_INCIDENTS_URL=postgres.url)
    scene.say("raised", signal())
    for _ in range(3):
        scene.say("cleared", signal())
        scene.say("raised", signal())
    acknowledge(scene.store, ORDERS, by="ada", now=scene.at)
    scene.deliver()

    assert [one.state for one in scene.store.incidents("all")] == ["acknowledged", "recovered"]
    assert scene.store.waiting() == 0
    assert scene.store.incidents()[0].flapping
