from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from mesh_orchestration.errors import PolicyError
from mesh_orchestration.governance.engine import Asked, Embedded, Value
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.governance.remote import starting
from mesh_orchestration.settings import Settings
from tests.governance.policies import write_rule

POLICY = """package a
deny contains n if { some n in input.numbers; n > 3 }
broken contains n if { n := missing.function(1) }
slow contains a if { some a in numbers.range(1, 20000); some b in numbers.range(1, 20000); a * b == -1 }
large contains a if { some a in numbers.range(1, 100000000) }
"""


@pytest.fixture
def engine() -> Iterator[Embedded]:
    with Embedded(deadline=1.0) as engine:
        engine.load([("a.rego", POLICY)], {})
        yield engine


def ask(engine: Embedded, rule: str, **document: object) -> Value:
    ((value,),) = engine.decide([Asked(document, (f"data.a.{rule}",))])
    return value


def test_a_rule_is_evaluated_for_each_document(engine: Embedded) -> None:
    asked = [Asked({"numbers": numbers}, ("data.a.deny",)) for numbers in ([1, 5], [2])]

    assert engine.decide(asked) == [(Value([5]),), (Value([]),)]


def test_an_engine_that_was_started_takes_its_policies_and_others_after_them() -> None:
    with Embedded() as engine:
        engine.start()
        engine.load([("a.rego", POLICY)], {})
        assert ask(engine, "deny", numbers=[5]) == Value([5])

        engine.load([("a.rego", POLICY.replace("n > 3", "n > 9"))], {})
        assert ask(engine, "deny", numbers=[5, 10]) == Value([10])


def test_policies_that_cannot_be_loaded_leave_none_of_before_in_place(engine: Embedded) -> None:
    with pytest.raises(PolicyError, match="expecting"):
        engine.load([("a.rego", "package")], {})
    with pytest.raises(PolicyError, match="expecting"):
        ask(engine, "deny", numbers=[5])


def test_a_mesh_without_policies_starts_no_engine(settings: Settings) -> None:
    with starting(settings) as none:
        assert none is None

    write_rule(settings.root)
    with starting(settings) as engine, Guardrails(settings, engine) as guardrails:
        assert guardrails.engine is engine


def test_a_function_that_does_not_exist_is_an_error_of_that_rule_alone(engine: Embedded) -> None:
    ((broken, fine),) = engine.decide([Asked({"numbers": [4]}, ("data.a.broken", "data.a.deny"))])

    assert "could not find function missing.function" in broken.error
    assert fine == Value([4])


def test_a_rule_that_does_not_end_is_stopped_and_named_and_the_others_are_answered(engine: Embedded) -> None:
    begun = time.monotonic()
    ((slow, fine),) = engine.decide([Asked({"numbers": [4]}, ("data.a.slow", "data.a.deny"))])

    assert slow.error == "took longer than 1 s and was stopped"
    assert fine == Value([4])
    assert time.monotonic() - begun < 30


def test_a_rule_that_eats_memory_is_an_error_and_the_engine_starts_again() -> None:
    with Embedded(deadline=60) as engine:
        engine.load([("a.rego", POLICY)], {})
        with pytest.raises(PolicyError, match="ended while it worked"):
            ask(engine, "large")
        assert ask(engine, "deny", numbers=[9]) == Value([9])


def test_a_policy_that_is_no_rego_is_refused_with_its_line() -> None:
    with Embedded() as engine, pytest.raises(PolicyError, match=r"bad\.rego:2:12"):
        engine.load([("bad.rego", "package x\nfoo if bar(")], {})


def test_an_input_of_five_megabytes_is_decided() -> None:
    with Embedded(deadline=60) as engine:
        engine.load([("a.rego", POLICY)], {})
        assert ask(engine, "deny", numbers=[0] * 1_000_000 + [7]) == Value([7])


def test_threads_may_ask_at_the_same_time(engine: Embedded) -> None:
    found: list[Value] = []
    threads = [
        threading.Thread(target=lambda n=number: found.append(ask(engine, "deny", numbers=[n])))
        for number in range(4, 12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(value.value[0] for value in found) == list(range(4, 12))


def test_numbers_of_any_length_reach_the_rules_and_text_that_is_none_is_refused(engine: Embedded) -> None:
    assert ask(engine, "deny", numbers=[10**30]) == Value([1e30])
    with pytest.raises(PolicyError, match="hex escape"):
        ask(engine, "deny", numbers=[5], text="\ud800")


def test_each_document_is_judged_by_the_rules_it_was_asked_for(engine: Embedded) -> None:
    asked = [Asked({"numbers": [5]}, ("data.a.deny", "data.a.broken")), Asked({"numbers": [5, 6]}, ("data.a.deny",))]
    (first, second) = engine.decide(asked)

    assert (first[0], bool(first[1].error), second) == (Value([5]), True, (Value([5, 6]),))


def test_the_time_of_each_rule_is_told(engine: Embedded) -> None:
    ((seconds,), (more,)) = engine.time([Asked({"numbers": [n]}, ("data.a.deny",)) for n in (1, 5)])

    assert 0 < seconds < 1
    assert 0 < more < 1
