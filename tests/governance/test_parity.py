"""The embedded engine against the real Open Policy Agent: every rule and every test of this mesh, the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.access import Reader, read_document
from mesh_orchestration.governance.bundle import Bundle, load_bundle, with_examples
from mesh_orchestration.governance.documents import product_documents
from mesh_orchestration.governance.engine import Asked, Embedded, Engine, Value
from mesh_orchestration.governance.metadata import Kind
from mesh_orchestration.governance.remote import Remote
from mesh_orchestration.governance.tree import name_of
from mesh_orchestration.settings import Settings
from tests.governance.mutations import mutated
from tests.governance.opa_server import ABSENT, ROOT, installed, serving

pytestmark = [pytest.mark.skipif(not installed(), reason=ABSENT), pytest.mark.slow]
SETTINGS = Settings(ROOT, ROOT / ".mesh")
BUNDLE = with_examples(load_bundle(ROOT), ROOT)
EXAMPLES = 100
TODAY = date(2026, 11, 21)
READERS = (
    Reader("ada", "analyst", "billing", (("region", "EU"),)),
    Reader("bob", "data-protection", "service"),
    Reader("eve", "wizard"),
)


@dataclass(frozen=True)
class Both:
    """The two engines with the same bundle, tests included."""

    embedded: Embedded
    opa: Engine

    def ask(self, document: Any, rules: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What each says, by rule: the value, or that it could not be evaluated."""
        (ours,), (theirs,) = (engine.decide([Asked(document, rules)]) for engine in (self.embedded, self.opa))
        return dict(zip(rules, map(_said, ours), strict=True)), dict(zip(rules, map(_said, theirs), strict=True))


def _said(value: Value) -> Any:
    return "not evaluated" if value.error else value.value


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with serving() as url, Embedded() as embedded:
        opa = Remote(url)
        for engine in (embedded, opa):
            engine.load([(policy.file, policy.text) for policy in BUNDLE.policies], BUNDLE.data)
        yield Both(embedded, opa)


def documents(kind: Kind) -> list[Any]:
    """Real documents of a kind: those of this mesh."""
    mesh = load_mesh(SETTINGS)
    products = [mesh.products[address] for address in sorted(mesh.products)]
    contracts = [dict(one.value) for one in product_documents(mesh, tuple(products), today=TODAY)]
    seen = {"patterns": [{"column": "note", "index": 2, "pattern": "e-mail address", "share": 0.25}]}
    match kind:
        case "product":
            return contracts
        case "publication":
            return [{**contract, "evidence": seen} for contract in contracts]
        case "read":
            config = BUNDLE.data["config"]
            return [read_document(one, reader, config, today=TODAY) for one in products for reader in READERS]
        case "project":
            place = {"file": "dbt_projects/orders/models/a.sql", "line": 3}
            facts = {"secrets": "kind", "foreign_reads": "reads", "bare_hashes": "column"}
            return [{"domain": "orders", **{name: [{**place, key: "x"}] for name, key in facts.items()}}]
        case "deployment":
            workload = {"path": "deployments[0]", "name": "orders", "cpu": 0.5, "memory_mib": 512.0}
            taken = [workload, {**workload, "path": "", "cpu": None, "memory_mib": None}, {**workload, "cpu": 16}]
            return [{"file": "deploy/values.yaml", "problem": "", "workloads": taken}]
        case "payload":
            return [{"payload": {"currency": "EUR", "amount": 3}}, {"payload": {"currency": "usd"}}]
    return []


def rules(bundle: Bundle, kind: Kind) -> tuple[str, ...]:
    found = (rule for rule in bundle.rules if rule.metadata.custom.input == kind)
    return tuple(path for rule in found for path in rule.sets.values())


def test_every_test_passes_on_both(both: Both) -> None:
    files = [policy for policy in BUNDLE.policies if policy.is_test]
    trees = both.embedded.parse([(policy.file, policy.text) for policy in files])
    defined = {
        f"data.{one.package}.{name_of(rule)}" for one, tree in zip(files, trees, strict=True) for rule in tree["rules"]
    }
    tests = tuple(sorted(name for name in defined if ".test_" in name))
    ours, theirs = both.ask({}, tests)

    assert len(tests) >= len(BUNDLE.rules)
    assert ours == theirs == dict.fromkeys(tests, True)


def test_a_rule_outside_the_safe_subset_is_told_apart() -> None:
    unsafe = [("a.rego", 'package a\ndeny contains {"m": one.name} if { some one in input.many }\n')]
    with serving() as url, Embedded() as embedded:
        both = Both(embedded, Remote(url))
        for engine in (both.embedded, both.opa):
            engine.load(unsafe, {})
        ours, theirs = both.ask({"many": [{"name": "b"}, {}]}, ("data.a.deny",))

    assert theirs == {"data.a.deny": [{"m": "b"}]}
    assert ours != theirs


def test_there_are_documents_for_every_kind_of_rule() -> None:
    judged = {rule.metadata.custom.input for rule in BUNDLE.rules}
    assert {kind for kind in get_args(Kind) if documents(kind)} >= judged


REQUESTS = (
    {"method": "POST", "path": "/orders", "body": {"currency": "EUR"}},
    {"method": "POST", "path": "/orders", "body": {"currency": "eur"}},
    {"action": "create", "schema": {"fields": [{"name": "id"}, {"name": "created_at"}]}},
    {"action": "create_topic", "domain": "orders", "topic": "orders-returns"},
)


@examples(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(mutated(REQUESTS, missing=True))
def test_the_examples_say_the_same_of_random_requests(both: Both, request_: Any) -> None:
    ours, theirs = both.ask(
        request_, ("data.mesh.examples.order_currency.violation", "data.mesh.examples.platform_actions.allow")
    )
    assert ours == theirs


@pytest.mark.parametrize("missing", [False, True], ids=["changed", "missing"])
@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if rules(BUNDLE, kind)])
def test_every_rule_says_the_same_of_random_documents(both: Both, kind: Kind, missing: bool) -> None:
    asked = rules(BUNDLE, kind)

    @examples(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        document = data.draw(strategy)
        ours, theirs = both.ask(document, asked)
        assert ours == theirs

    strategy = mutated(documents(kind), missing=missing)
    compare()
