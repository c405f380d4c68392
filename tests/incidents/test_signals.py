"""What is wrong, from the events of the event log: raised once, worse once, cleared once."""

from __future__ import annotations

import json

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
from mesh_orchestration.incidents.signals import Signal, compare, fold

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
    """What changes when the batches are folded one after another: the signal and what; not what only comes again."""
    signals: dict[str, Signal] = {}
    said = []
    for batch in batches:
        signals, changes = fold(signals, batch)
        said += [(change.signal.key, change.what) for change in changes if change.what != "again"]
    return said


def test_all_failed_blocking_checks_of_a_run_are_one_incident() -> None:
    _, changes = fold({}, [evaluated(1, False), evaluated(2, False, check="contract__unique__id")])

    assert [[finding.check for finding in change.signal.findings] for change in changes] == [
        ["contract__null__id", "contract__unique__id"]
    ]


def test_a_refusal_is_told_once_however_often_it_repeats() -> None:
    assert told([evaluated(1, False)], [evaluated(2, False, run="retry")], [evaluated(3, False, run="later")]) == [
        ("orders.orders.v1 contract", "raised")
    ]


def test_a_refusal_recovers_when_the_product_is_published_again() -> None:
    assert told([evaluated(1, False)], [published(5), evaluated(6, True, run="run2")]) == [
        ("orders.orders.v1 contract", "raised"),
        ("orders.orders.v1 contract", "cleared"),
    ]


def test_a_refusal_recovers_when_its_checks_pass_without_a_publication() -> None:
    first = [evaluated(1, False), evaluated(2, False, check="other")]

    assert told(first, [evaluated(3, True, run="run2")]) == [("orders.orders.v1 contract", "raised")]
    assert told(first, [evaluated(3, True, run="run2"), evaluated(4, True, check="other", run="run2")])[1:] == [
        ("orders.orders.v1 contract", "cleared")
    ]


def test_a_refusal_for_another_reason_stays_the_same_incident() -> None:
    second = [evaluated(3, True, run="run2"), evaluated(4, False, check="other", run="run2")]

    assert told([evaluated(1, False)], second) == [("orders.orders.v1 contract", "raised")]


def test_a_warning_check_has_an_incident_of_its_own() -> None:
    batch: list[Event] = [
        published(1, run="run1"),
        evaluated(2, False, check="a", blocking=False),
        evaluated(3, False, check="b", blocking=False),
    ]

    assert told(batch, [evaluated(4, True, check="a", run="run2", blocking=False)]) == [
        ("orders.orders.v1 check a", "raised"),
        ("orders.orders.v1 check b", "raised"),
        ("orders.orders.v1 check a", "cleared"),
    ]


def test_freshness_warns_escalates_once_and_recovers() -> None:
    batches: list[list[Event]] = [
        [freshness(number, state)] for number, state in enumerate(("WARN", "FAIL", "WARN", "FAIL", "PASS"), start=1)
    ]

    assert told(*batches) == [
        ("orders.orders.v1 freshness", "raised"),
        ("orders.orders.v1 freshness", "worse"),
        ("orders.orders.v1 freshness", "cleared"),
    ]


def test_a_freshness_that_is_no_longer_promised_closes_silently() -> None:
    assert told([freshness(1, "FAIL")], [freshness(2, "NOT_APPLICABLE")], [freshness(3, "PASS")]) == [
        ("orders.orders.v1 freshness", "raised"),
        ("orders.orders.v1 freshness", "gone"),
    ]


def test_a_run_that_failed_because_of_the_refusal_is_not_told_again() -> None:
    run = failed(2, subject=ADDRESS, asset="orders/orders/v1")

    assert told([evaluated(1, False), run]) == [("orders.orders.v1 contract", "raised")]
    assert told([evaluated(1, False)], [run]) == [("orders.orders.v1 contract", "raised")]


def test_another_step_that_failed_in_a_refused_run_is_told() -> None:
    assert told([evaluated(1, False), failed(2)]) == [
        ("orders.orders.v1 contract", "raised"),
        ("orders run", "raised"),
    ]


def test_a_failed_run_recovers_only_when_what_failed_succeeds() -> None:
    retry, other, mended = (
        failed(2, run="retry"),
        succeeded(3, "orders/input/transactions"),
        succeeded(4, "orders/dbt/stg"),
    )

    assert told([failed(1)], [retry], [other]) == [("orders run", "raised")]
    assert told([failed(1)], [retry], [mended])[1:] == [("orders run", "cleared")]


def test_a_run_that_failed_before_its_steps_recovers_with_the_same_job() -> None:
    broken = RunEnded(1, 1.0, "run1", "orders/daily", (StepFailed("orders/daily", (), "cannot load"),))

    assert told([broken], [succeeded(2)]) == [("orders/daily run", "raised"), ("orders/daily run", "cleared")]


def test_folding_the_same_batch_again_gives_the_same_changes() -> None:
    batch: list[Event] = [evaluated(1, False), failed(2)]

    assert fold({}, batch) == fold({}, batch)


def test_a_source_that_changed_its_shape_is_drift_until_it_fits_again() -> None:
    step = StepFailed("orders", ("orders/input/pos",), "column id: not in the file, expected text (VARCHAR)", True)

    assert told([RunEnded(1, 1.0, "run1", "orders/daily", (step,))], [succeeded(2, "orders/input/pos")]) == [
        ("orders drift", "raised"),
        ("orders drift", "cleared"),
    ]


def test_a_source_of_states_says_only_what_changed() -> None:
    late, worse = Signal("a.b.v1", "sla", "warn", 1.0, "freshness"), Signal("a.b.v1", "sla", "error", 1.0, "freshness")

    assert [one.what for one in compare({}, [late], at=2.0)] == ["raised"]
    assert compare({late.key: late}, [late], at=3.0) == ()
    assert [one.what for one in compare({late.key: late}, [worse], at=3.0)] == ["worse"]
    assert [one.what for one in compare({late.key: late}, [], at=4.0)] == ["cleared"]


def test_a_signal_is_the_same_after_it_was_kept_as_json() -> None:
    _, (change,) = fold({}, [evaluated(1, False)])

    assert Signal.of(json.loads(json.dumps(change.signal.plain))) == change.signal


def test_the_order_of_events_is_that_of_their_ids() -> None:
    assert told([published(9), evaluated(1, False)]) == [
        ("orders.orders.v1 contract", "raised"),
        ("orders.orders.v1 contract", "cleared"),
    ]
