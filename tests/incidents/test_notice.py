"""What a person and a program read of an incident."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from mesh_orchestration.incidents.about import About, Serving
from mesh_orchestration.incidents.events import Finding
from mesh_orchestration.incidents.model import Incident, Kind, Message
from mesh_orchestration.incidents.notice import Notice, together

SINCE = 1_700_003_600.0
ID = "6d657368-0000-4000-8000-616c65727473"
GO_ON = "You go on reading snapshot 42 from 2023-11-14T22:13:20+00:00"
SCHEMA = json.loads((files("mesh_orchestration.incidents") / "webhook.schema.json").read_text())
FINDING = Finding(
    "contract__null__id",
    expectation="expect_column_values_to_not_be_null",
    column="id",
    observed="0.98",
    threshold="0.99",
    rows=1000,
    unexpected=20,
    sample=5,
)
ABOUT = About(("team-orders@company.io",), {"billing.revenue.v1": "team:billing"}, Serving(42, 1_700_000_000.0))


def notice(kind: Kind = "contract", **parts: Any) -> Notice:
    failing = ("contract__null__id",)
    incident = Incident(ID, "orders.orders.v1", kind, "error", SINCE, run_id="run1", check="freshness", failing=failing)
    message = Message(incident, "opened", SINCE, f"{ID}:opened", run_id="run1", findings=(FINDING,))
    return Notice(replace(message, **parts), ABOUT, "http://127.0.0.1:3000")


def test_a_refusal_says_everything_its_owner_needs() -> None:
    opened = notice()

    assert opened.text.splitlines() == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "Since: 2023-11-14T23:13:20+00:00",
        f"- {FINDING}",
        "Consumers still get snapshot 42 from 2023-11-14T22:13:20+00:00.",
        "Read by: billing.revenue.v1 (team:billing)",
        "Next: mesh rejected orders.orders.v1",
        "Owner: team-orders@company.io",
        "Run: http://127.0.0.1:3000/runs/run1",
        f"Incident: {ID}",
    ]


def test_a_finding_says_what_was_observed_against_what() -> None:
    assert str(FINDING) == (
        "expect_column_values_to_not_be_null on column id: observed 0.98, threshold 0.99, 20 of 1,000 rows, "
        "5 masked samples kept"
    )


def test_a_check_that_could_not_be_evaluated_says_why() -> None:
    finding = replace(FINDING, exception="TypeError: no number")

    assert (
        str(finding) == "expect_column_values_to_not_be_null on column id could not be evaluated: TypeError: no number"
    )


def test_a_refused_first_publication_says_that_nothing_can_be_read() -> None:
    assert "Consumers have nothing to read yet" in replace(notice(), about=About()).text


def test_a_recovery_says_what_recovered_and_how_long_it_took() -> None:
    recovered = notice(transition="recovered", at=SINCE + 3 * 3600 + 120, findings=())

    assert recovered.text.splitlines()[:4] == [
        "[RESOLVED] orders.orders.v1: published again",
        "Recovered: contract__null__id",
        "Open for 3 h 2 min, since 2023-11-14T23:13:20+00:00",
        "Consumers get snapshot 42 from 2023-11-14T22:13:20+00:00.",
    ]


def test_a_failed_run_says_why_and_what_to_run_next() -> None:
    lines = notice("run", findings=(), error="Step orders_dbt: no space left").text.splitlines()

    assert lines[2] == "Step orders_dbt: no space left"
    assert "Next: open the run, mend the cause, then mesh run orders" in lines


def test_a_reader_is_told_what_they_read_meanwhile_and_not_what_to_mend() -> None:
    lines = replace(notice(), reader="team:billing").text.splitlines()

    assert lines[:3] == [
        "[NOTICE] orders.orders.v1, which you read: not published, the contract is broken",
        "You read it in: billing.revenue.v1",
        f"{GO_ON}: it is whole and checked, and gets older until this is mended.",
    ]
    assert not any(line.startswith(("Run:", "Next:", "- ")) for line in lines)


def test_the_owner_of_a_late_product_is_told_where_the_cause_is() -> None:
    lines = notice(transition="affected", subject="billing.revenue.v1").text.splitlines()

    assert lines[0] == "[ERROR] billing.revenue.v1: late because of orders.orders.v1"
    assert lines[2] == "The cause is upstream: orders.orders.v1 (contract), since 2023-11-14T23:13:20+00:00."


def test_many_letters_become_one_that_names_them_all() -> None:
    said = together([notice().letter, notice(transition="recovered").letter], page="http://127.0.0.1:5000/incidents")

    assert said.text.splitlines() == [
        "[1 TROUBLES, 1 RECOVERIES] told together because there are so many",
        "- [ERROR] orders.orders.v1: not published, the contract is broken",
        "- [RESOLVED] orders.orders.v1: published again",
        "All: http://127.0.0.1:5000/incidents",
    ]
    jsonschema.validate(said.payload, SCHEMA)


KINDS: tuple[Kind, ...] = ("contract", "check", "freshness", "run", "sla", "anomaly", "drift", "platform")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transition", ["opened", "affected", "flapping", "unanswered", "escalated", "recovered"])
def test_the_payload_keeps_its_schema(kind: Kind, transition: str) -> None:
    said = notice(kind, transition=transition, last_published=1.0)

    jsonschema.validate(json.loads(json.dumps(said.payload)), SCHEMA, format_checker=jsonschema.FormatChecker())
    jsonschema.validate(replace(said, about=About()).payload, SCHEMA)
