"""The sensor of incidents on a real instance, with real runs, a real webhook and a real mail server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from mesh_orchestration.anomalies.series import ROWS, Expected, Key
from mesh_orchestration.anomalies.series import Finding as AnomalyFinding
from mesh_orchestration.anomalies.store import open_store as open_anomalies
from mesh_orchestration.errors import StorageError
from mesh_orchestration.incidents.about import Serving
from mesh_orchestration.incidents.store import open_store
from mesh_orchestration.orchestration.platform_incidents import incident_sensor
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.incidents.sinks import MailSink, WebhookSink, mail_sink, webhook_sink
from tests.sla.test_record import KEY, LINES, hour, look, publish

pytestmark = pytest.mark.slow

ORDERS, BILLING = dg.AssetKey(["orders", "orders", "v1"]), dg.AssetKey(["billing", "revenue", "v1"])
READS = [{"name": "orders", "type": "data-product", "product": "orders.orders.v1"}]


FOUND = (
    "expect_column_values_to_not_be_null on column id: observed 0.5, threshold 0.99, 5 of 10 rows, "
    "2 masked samples kept"
)


class Mesh:
    """Two products, an instance, the sensor and its receivers."""

    def __init__(self, settings: Settings, instance: DagsterInstance, hook: WebhookSink, post: MailSink) -> None:
        self.settings, self.instance, self.hook, self.post = settings, instance, hook, post
        self.later = 0.0

    def tick(self, *, later: float = 0.0) -> str:
        """What one evaluation of a sensor built anew, as after a restart, says; ``later`` seconds after the last."""
        self.later += later
        sensor = incident_sensor(
            self.settings,
            lambda _: Serving(42, 1_700_000_000.0),
            settle=0.0,
            clock=lambda: time.time() + self.later,
        )
        said = sensor(dg.build_sensor_context(instance=self.instance))
        assert isinstance(said, dg.SkipReason)
        return str(said.skip_message)

    def publish(self, key: dg.AssetKey, *, ok: bool = True, warns: bool = False, breaks: bool = False) -> None:
        """Run the product's asset: refused when not ``ok``, with a failed warning check, or with a crash."""

        @dg.asset(
            key=key,
            check_specs=[
                dg.AssetCheckSpec("contract__null__id", asset=key, blocking=True),
                dg.AssetCheckSpec("contract__mean__amount", asset=key),
            ],
        )
        def publication() -> Iterator[Any]:
            if breaks:
                raise OSError("no space left on device")
            if ok:
                yield dg.MaterializeResult(asset_key=key)
            found = {"expectation": "expect_column_values_to_not_be_null", "column": "id", "observed_value": 0.5}
            kept = {"threshold": 0.99, "rows": 10, "unexpected_count": 5, "sample": ["***", "***"]}
            yield dg.AssetCheckResult(
                asset_key=key, check_name="contract__null__id", passed=ok, metadata={**found, **kept}
            )
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name="contract__mean__amount",
                passed=not warns,
                severity=dg.AssetCheckSeverity.WARN,
            )

        dg.materialize([publication], instance=self.instance, raise_on_error=False)

    def freshness(self, key: dg.AssetKey, state: FreshnessState) -> None:
        change = FreshnessStateChange(
            key=key, new_state=state, previous_state=FreshnessState.UNKNOWN, state_change_timestamp=1.7e9
        )
        event = DagsterEvent(
            event_type_value=DagsterEventType.FRESHNESS_STATE_CHANGE.value,
            job_name="",
            event_specific_data=change,
        )
        self.instance.report_dagster_event(event, run_id="")


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    with ExitStack() as stack:
        hook = stack.enter_context(webhook_sink())
        post, smtp = stack.enter_context(mail_sink())
        settings = mesh_at(
            tmp_path,
            product("orders.orders.v1", owner="team-orders@company.io"),
            product("billing.revenue.v1", owner="team:billing", inputs=READS),
            MESH_ALERT_WEBHOOK=hook.url,
            MESH_SMTP_URL=smtp,
            MESH_ALERT_ATTEMPTS="3",
        )
        instance = stack.enter_context(dg.instance_for_test())
        yield Mesh(settings, instance, hook, post)


def test_a_refused_publication_is_told_to_its_owner_once_and_recovers(mesh: Mesh) -> None:
    mesh.publish(ORDERS, ok=False)
    mesh.tick()
    mesh.publish(ORDERS, ok=False)
    mesh.tick()
    mesh.publish(ORDERS)
    mesh.tick()

    assert mesh.hook.titles == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[RESOLVED] orders.orders.v1: published again",
    ]
    assert [mail["To"] for mail in mesh.post.mails] == ["team-orders@company.io"] * 2


def test_the_text_names_what_failed_who_reads_it_and_what_is_still_served(mesh: Mesh) -> None:
    mesh.publish(ORDERS, ok=False)
    mesh.tick()

    lines = mesh.hook.received[0]["text"].splitlines()
    assert lines[2:6] == [
        f"- {FOUND}",
        "Consumers still get snapshot 42 from 2023-11-14T22:13:20+00:00.",
        "Read by: billing.revenue.v1 (team:billing)",
        "Next: mesh rejected orders.orders.v1",
    ]


def test_a_warning_check_alerts_although_the_run_succeeds(mesh: Mesh) -> None:
    mesh.publish(BILLING, warns=True)
    mesh.tick()
    mesh.publish(BILLING, warns=True)
    mesh.publish(BILLING)
    mesh.tick()

    assert mesh.hook.titles == [
        "[WARN] billing.revenue.v1: published with a warning",
        "[RESOLVED] billing.revenue.v1: the warning is over",
    ]
    assert mesh.post.mails == []


def test_a_failed_run_is_told_once_and_recovers_with_the_next_good_one(mesh: Mesh) -> None:
    mesh.publish(ORDERS, breaks=True)
    mesh.publish(ORDERS, breaks=True)
    mesh.tick()
    mesh.publish(ORDERS)
    mesh.tick()

    assert mesh.hook.titles == ["[ERROR] orders.orders.v1: a run failed", "[RESOLVED] orders.orders.v1: runs again"]
    assert "no space left on device" in mesh.hook.received[0]["error"]


def test_freshness_is_told_when_it_changes(mesh: Mesh) -> None:
    for state in (FreshnessState.WARN, FreshnessState.FAIL, FreshnessState.PASS):
        mesh.freshness(ORDERS, state)
        mesh.tick()

    assert mesh.hook.titles == [
        "[WARN] orders.orders.v1: close to the limit of its SLA",
        "[ERROR] orders.orders.v1: older than its SLA",
        "[RESOLVED] orders.orders.v1: fresh again",
    ]


def test_while_the_webhook_is_down_mail_goes_on_and_nothing_is_lost_or_sent_twice(mesh: Mesh) -> None:
    mesh.hook.status = 503
    mesh.publish(ORDERS, ok=False)
    assert "answered 503" in mesh.tick()
    mesh.publish(ORDERS)
    mesh.tick(later=1)
    mesh.hook.status = 204
    mesh.tick(later=60)
    mesh.tick(later=60)

    assert mesh.hook.titles == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[RESOLVED] orders.orders.v1: published again",
    ]
    assert [mail["Subject"] for mail in mesh.post.mails] == mesh.hook.titles


def test_a_channel_that_stays_down_is_given_up(mesh: Mesh) -> None:
    mesh.hook.status = 503
    mesh.publish(ORDERS, ok=False)
    for _ in range(5):
        mesh.tick(later=600)

    assert (mesh.hook.attempts, len(mesh.post.mails)) == (3, 1)


def test_lateness_that_follows_from_the_refusal_joins_it_and_is_told_to_whom_it_concerns(mesh: Mesh) -> None:
    mesh.publish(ORDERS, ok=False)
    mesh.tick()
    mesh.freshness(ORDERS, FreshnessState.FAIL)
    mesh.freshness(BILLING, FreshnessState.FAIL)
    mesh.tick()

    assert mesh.hook.titles[1:] == ["[ERROR] billing.revenue.v1: late because of orders.orders.v1"]
    with open_store(mesh.settings) as store:
        (incident,) = store.incidents()
    assert (incident.subject, incident.kind, incident.affected) == (
        "orders.orders.v1",
        "contract",
        {"billing.revenue.v1": "team:billing"},
    )


def test_an_alert_goes_out_although_the_warehouse_cannot_be_read(mesh: Mesh) -> None:
    def unreadable(address: str) -> Serving | None:
        raise StorageError(f"{address} is on fire")

    mesh.publish(ORDERS, ok=False)
    incident_sensor(mesh.settings, unreadable, settle=0.0)(dg.build_sensor_context(instance=mesh.instance))

    assert "What consumers get is not known: the warehouse cannot be read." in mesh.hook.received[0]["text"]


def test_a_broken_service_level_is_an_incident_until_it_is_kept(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, LINES)
    publish(settings, 0)
    look(settings, 5)
    noticed = at_hour(settings, 5)
    publish(settings, 5.5)
    look(settings, 5.6)
    mended = at_hour(settings, 5.6)

    assert noticed == [("sla", "freshness", "open")]
    assert ("sla", "freshness", "recovered") in mended


def test_an_anomaly_is_a_warning_in_the_words_of_its_finding(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, LINES)
    text = "rows were 12, expected 900 to 1,100"
    key, expected = Key(KEY, ROWS), Expected(900, 1100, 1000, 30)
    with open_anomalies(settings) as store, store.recording() as writer:
        writer.put(AnomalyFinding(key, settings.now(), settings.now(), 42, 12.0, expected, text))
    assert at_hour(settings, 0) == [("anomaly", "volume", "open")]

    with open_store(settings) as incidents:
        (incident,) = incidents.incidents()
        assert (incident.level, incidents.timeline(incident.id)[0].text) == ("warn", f"{KEY}: {text}")


def at_hour(settings: Settings, hours: float) -> list[tuple[str, str, str]]:
    """Kind, check and state of all incidents after the sensor looked at that hour."""
    clock = hour(settings, hours).now().timestamp()
    with dg.instance_for_test() as instance:
        sensor = incident_sensor(settings, lambda _: None, settle=0.0, clock=lambda: clock)
        sensor(dg.build_sensor_context(instance=instance))
    with open_store(settings) as store:
        return [(one.kind, one.check, one.state) for one in store.incidents("all")]
