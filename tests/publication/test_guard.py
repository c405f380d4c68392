"""The policies at publication: on what was really written, with the bundle's hash in the snapshot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.publication.evidence import value_patterns
from mesh_orchestration.publication.request import Export, Publication
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.snapshots import published
from tests.builders import FIELDS, product, write_contract
from tests.builders import contract_text as text_of
from tests.governance.policies import write_rule
from tests.publication.publishing import copy_to, exported, publish_orders, served

REPO = Path(__file__).resolve().parents[2]
SPOKEN = {
    "sla": {"freshness": "1h", "availability": "99.9%", "completeness": "99%"},
    "support": {"channel": "#orders"},
    "retention": "365d",
    "fields": {**FIELDS, "note": "string"},
}
NOTED = product(**SPOKEN)


@pytest.fixture
def guarded(lake: Lake) -> Lake:
    """A lake whose mesh has the example mesh's own policies."""
    shutil.copytree(REPO / "policies", lake.settings.root / "policies")
    write_contract(lake.settings.root, text_of(**SPOKEN))
    return lake


def noted(*notes: str) -> Export:
    return exported(*range(len(notes)), columns=f", ({list(notes)!r})[i + 1] as note")


def publish_notes(lake: Lake, *notes: str, run: str, contract: DataProduct = NOTED) -> Publication:
    return publish_orders(lake, run=run, export=noted(*notes), contract=contract)


def test_addresses_in_an_unclassified_column_are_not_published(guarded: Lake) -> None:
    publish_notes(guarded, "left at the door", "thanks", run="r1")
    refused = publish_notes(guarded, "ask ada", "ada@example.com", "bob@example.com", run="r2")

    assert not refused.published
    assert "policy PII-004 67 % of the values of 'note' look like e-mail address" in refused.reasons[0]
    assert served(guarded) == [0, 1]


def test_the_same_values_in_a_classified_column_are(guarded: Lake) -> None:
    fields = {**FIELDS, "note": {"type": "string", "pii": True, "masking": "redact"}}
    publication = publish_notes(guarded, "ada@example.com", run="r1", contract=product(**{**SPOKEN, "fields": fields}))

    assert publication.published, publication.reasons


def test_the_snapshot_names_the_bundle_and_the_record_of_the_decision(guarded: Lake) -> None:
    publish_notes(guarded, "fine", run="r1")
    snapshot = published(guarded, NOTED.address)
    log = DecisionLog(guarded.settings)
    (record,) = log.records()

    assert snapshot is not None
    assert snapshot.policy_hash == load_bundle(guarded.settings.root).hash
    assert snapshot.decision == record.hash == log.head()
    assert record.decision.snapshot == snapshot.snapshot_id
    assert (record.decision.point, record.decision.verdict, record.decision.who) == ("publish", "allow", "run r1")


def test_a_contract_that_a_rule_denies_is_refused_with_the_code_and_logged(guarded: Lake) -> None:
    silent = product(**{**SPOKEN, "sla": {"freshness": "1h", "availability": "99.9%"}})
    refused = publish_notes(guarded, "fine", run="r1", contract=silent)
    (record,) = DecisionLog(guarded.settings).records()

    assert not refused.published
    assert "SLA-001 promises no completeness" in refused.reasons[0]
    assert (record.decision.verdict, record.decision.rules) == ("deny", ("SLA-001",))
    assert not next(result for result in refused.results if result.check.name == "policies").success


def test_policies_that_cannot_be_read_deny(guarded: Lake) -> None:
    publish_notes(guarded, "fine", run="r1")
    (guarded.settings.root / "policies" / "rules" / "broken.rego").write_text(
        "package mesh.rules.broken\ndeny contains"
    )
    refused = publish_notes(guarded, "newer", run="r2")

    assert not refused.published
    assert "the policies could not be evaluated, which denies" in refused.reasons[0]


def test_a_rule_that_cannot_be_evaluated_denies(guarded: Lake) -> None:
    body = "deny contains finding if { finding := missing.function(input) }\n"
    write_rule(guarded.settings.root, "domains/orders/strange", code="ORD-001", body=body)
    refused = publish_notes(guarded, "fine", run="r1")

    assert "could not find function missing.function" in refused.reasons[0]


def test_a_mesh_without_policies_publishes_without_a_ruling(lake: Lake) -> None:
    publication = publish_notes(lake, "ada@example.com", run="r1")
    snapshot = published(lake, NOTED.address)

    assert snapshot is not None
    assert (publication.published, snapshot.policy_hash, snapshot.decision) == (True, "", "")


def test_shares_are_of_values_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    copy_to(path, "select unnest(['a@b.io', null, 'x', null]) as note, 1 as amount")
    found = value_patterns(product(fields={"note": "string", "amount": "integer"}), [path], {"mail": "^.+@.+$"})

    assert found == [{"column": "note", "index": 0, "pattern": "mail", "share": 0.5}]
