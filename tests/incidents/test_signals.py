"""One incident for each cause: opened once, escalated once, recovered once."""

from __future__ import annotations

from mesh_orchestration.incidents.events import (
    CheckEvaluated,
    Event,
    Finding,
    FreshnessChanged,
    FreshnessState,
    Published,
    RunEnded,
    StepFailed,
)
from mesh_orchestration.incidents.signals import Incident, fold

ADDRESS = "orders.orders.v1"


def evaluated(
    number: int, passed: bool, *, check: str = "contract__null__id", run: str = "run1", blocking: bool = True
) -> CheckEvaluated:
    return CheckEvaluated(number, float(number), ADDRESS, run, passed, blocking, Finding(check))


def published(number: int, *, run: str = "run2") -> Published:
    return Published(number, float(number), ADDRESS, run)


def freshness(number: int, state: FreshnessState) -> FreshnessChanged:
    return FreshnessChanged(number, float(number), ADDRESS, state)


def failed(number: int, *, run: str = "run1", subject: str = "orders", asset: str = "orders/dbt/stg") -> RunEnded:
    return RunEnded(number, float(number), run, "orders/daily", (StepFailed(subject, (asset,), "no disk"),))


def succeeded(number: int, *done: str, run: str = "run2") -> RunEnded:
    return RunEnded(number, float(number), run, "orders/daily", done=done)


def told(*batches: list[Event]) -> list[tuple[str, str]]:
    """What is told when the batches are folded one after another: subject and kind, transition."""
    incidents: dict[str, Incident] = {}
    said = []
    for batch in batches:
        incidents, messages = fold(incidents, batch)
        said += [(message.incident.key, message.transition) for message in messages]
    return said


def test_all_failed_blocking_checks_of_a_run_are_one_incident() -> None:
    _, messages = fold({}, [evaluated(1, False), evaluated(2, False, check="contract__unique__id")])

    assert [[finding.check for finding in message.findings] for message in messages] == [
        ["contract__null__id", "contract__unique__id"]
    ]


def test_a_refusal_is_told_once_however_often_it_repeats() -> None:
    assert told([evaluated(1, False)], [evaluated(2, False, run="retry")], [evaluated(3, False, run="later")]) == [
        ("orders.orders.v1 contract", "opened")
    ]


def test_a_refusal_recovers_when_the_product_is_published_again() -> None:
    assert told([evaluated(1, False)], [published(5), evaluated(6, True, run="run2")]) == [
        ("orders.orders.v1 contract", "opened"),
        ("orders.orders.v1 contract", "recovered"),
    ]


def test_a_refusal_recovers_when_its_checks_pass_without_a_publication() -> None:
    first = [evaluated(1, False), evaluated(2, False, check="other")]

    assert told(first, [evaluated(3, True, run="run2")]) == [("orders.orders.v1 contract", "opened")]
    assert told(first, [evaluated(3, True, run="run2"), evaluated(4, True, check="other", run="run2")])[1:] == [
        ("orders.orders.v1 contract", "recovered")
    ]


def test_a_refusal_for_another_reason_stays_the_same_incident() -> None:
    second = [evaluated(3, True, run="run2"), evaluated(4, False, check="other", run="run2")]

    assert told([evaluated(1, False)], second) == [("orders.orders.v1 contract", "opened")]


def test_a_warning_check_has_an_incident_of_its_own() -> None:
    batch: list[Event] = [
        published(1, run="run1"),
        evaluated(2, False, check="a", blocking=False),
        evaluated(3, False, check="b", blocking=False),
    ]

    assert told(batch, [evaluated(4, True, check="a", run="run2", blocking=False)]) == [
        ("orders.orders.v1 check a", "opened"),
        ("orders.orders.v1 check b", "opened"),
        ("orders.orders.v1 check a", "recovered"),
    ]


def test_freshness_warns_escalates_once_and_recovers() -> None:
    batches: list[list[Event]] = [
        [freshness(number, state)] for number, state in enumerate(("WARN", "FAIL", "WARN", "FAIL", "PASS"), start=1)
    ]

    assert told(*batches) == [
        ("orders.orders.v1 freshness", "opened"),
        ("orders.orders.v1 freshness", "escalated"),
        ("orders.orders.v1 freshness", "recovered"),
    ]


def test_a_freshness_that_is_no_longer_promised_closes_silently() -> None:
    assert told([freshness(1, "FAIL")], [freshness(2, "NOT_APPLICABLE")], [freshness(3, "PASS")]) == [
        ("orders.orders.v1 freshness", "opened")
    ]


def test_a_run_that_failed_because_of_the_refusal_is_not_told_again() -> None:
    run = failed(2, subject=ADDRESS, asset="orders/orders/v1")

    assert told([evaluated(1, False), run]) == [("orders.orders.v1 contract", "opened")]
    assert told([evaluated(1, False)], [run]) == [("orders.orders.v1 contract", "opened")]


def test_another_step_that_failed_in_a_refused_run_is_told() -> None:
    assert told([evaluated(1, False), failed(2)]) == [
        ("orders.orders.v1 contract", "opened"),
        ("orders run", "opened"),
    ]


def test_a_failed_run_recovers_only_when_what_failed_succeeds() -> None:
    retry, other, mended = (
        failed(2, run="retry"),
        succeeded(3, "orders/input/transactions"),
        succeeded(4, "orders/dbt/stg"),
    )

    assert told([failed(1)], [retry], [other]) == [("orders run", "opened")]
    assert told([failed(1)], [retry], [mended])[1:] == [("orders run", "recovered")]


def test_a_run_that_failed_before_its_steps_recovers_with_the_same_job() -> None:
    broken = RunEnded(1, 1.0, "run1", "orders/daily", (StepFailed("orders/daily", (), "cannot load"),))

    assert told([broken], [succeeded(2)]) == [("orders/daily run", "opened"), ("orders/daily run", "recovered")]


def test_folding_the_same_batch_again_gives_the_same_keys() -> None:
    batch: list[Event] = [evaluated(1, False), failed(2)]

    first, again = fold({}, batch)[1], fold({}, [*batch, published(3)])[1]

    assert [message.key for message in first] == [message.key for message in again[:2]]


def test_the_order_of_events_is_that_of_their_ids() -> None:
    assert told([published(9), evaluated(1, False)]) == [
        ("orders.orders.v1 contract", "opened"),
        ("orders.orders.v1 contract", "recovered"),
    ]
