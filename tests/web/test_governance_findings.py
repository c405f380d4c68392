"""What of a report is listed and counted: by domain, rule, severity and words, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from mesh_orchestration.compliance.report import ComplianceReport, DecisionsReport, ProductReport
from mesh_orchestration.contract.address import Address
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.web.governance_findings import SHADES, SHOWN, Board, Chosen, page_of, words_of

LINES, REVENUE, PARTS = "orders.lines.v1", "billing.revenue.v1", "orders.parts.v1"


def verdict(subject: str, code: str, outcome: Any = "deny", message: str = "says nothing") -> Verdict:
    domain = subject.split(".", 1)[0]
    return Verdict(code, f"Title of {code}", subject, domain, f"{subject}.yaml", "spec", message, "Mend it.", outcome)


def board(*verdicts: Verdict, others: Sequence[str] = ()) -> Board:
    """The board of a report with these findings and with ``others`` that have none."""
    names = dict.fromkeys([*(one.subject for one in verdicts), *others])
    products = tuple(
        ProductReport(Address.parse(name), "", "", "", "", tuple(one for one in verdicts if one.subject == name))
        for name in names
    )
    decisions = DecisionsReport(records=0, denied=0, head="", whole=True)
    return Board.of(ComplianceReport(datetime(2026, 11, 21, tzinfo=UTC), "", "", products, (), (), decisions))


@pytest.fixture
def told() -> Board:
    return board(
        verdict(LINES, "AAA-001", "warn"),
        verdict(LINES, "BBB-001"),
        verdict(PARTS, "BBB-001", "waived", "has no Owner"),
        verdict(REVENUE, "AAA-001", "warn"),
        others=["billing.quiet.v1"],
    )


@pytest.mark.parametrize(
    ("chosen", "listed"),
    [
        (Chosen(), [(LINES, "BBB-001"), (REVENUE, "AAA-001"), (LINES, "AAA-001"), (PARTS, "BBB-001")]),
        (Chosen(domain="orders"), [(LINES, "BBB-001"), (LINES, "AAA-001"), (PARTS, "BBB-001")]),
        (Chosen(rule="AAA-001"), [(REVENUE, "AAA-001"), (LINES, "AAA-001")]),
        (Chosen(severity="waived"), [(PARTS, "BBB-001")]),
        (Chosen(domain="orders", rule="AAA-001", severity="warn"), [(LINES, "AAA-001")]),
        (Chosen(words=words_of("OWNER  parts")), [(PARTS, "BBB-001")]),
        (Chosen(domain="billing", severity="deny"), []),
    ],
)
def test_findings_are_chosen_and_those_that_deny_come_first(
    told: Board, chosen: Chosen, listed: list[tuple[str, str]]
) -> None:
    assert [(one.subject, one.code) for one in told.choose(chosen).findings] == listed


def test_the_table_counts_what_severity_and_words_leave_whatever_domain_is_chosen(told: Board) -> None:
    heat = told.choose(Chosen(domain="billing", rule="AAA-001")).heat
    assert heat.rules == (("AAA-001", 2), ("BBB-001", 2))
    assert [(line.domain, line.total) for line in heat.lines] == [("billing", 1), ("orders", 3)]
    assert [[(cell.count, cell.denied) if cell else None for cell in line.cells] for line in heat.lines] == [
        [(1, 0), None],
        [(1, 0), (2, 1)],
    ]

    assert told.choose(Chosen(severity="waived")).heat.rules == (("BBB-001", 1),)


def test_severities_are_counted_within_the_domain_rule_and_words(told: Board) -> None:
    assert told.choose(Chosen(domain="orders", severity="warn")).severities == {"deny": 1, "warn": 1, "waived": 1}


def test_every_number_of_the_table_is_that_of_its_list(told: Board) -> None:
    heat = told.choose(Chosen()).heat
    for line in heat.lines:
        assert len(told.choose(Chosen(domain=line.domain)).findings) == line.total
        for (code, _), cell in zip(heat.rules, line.cells, strict=True):
            assert len(told.choose(Chosen(domain=line.domain, rule=code)).findings) == (cell.count if cell else 0)


def test_domains_with_most_denials_come_first_and_the_rest_is_folded() -> None:
    names = [f"domain{number:02d}" for number in range(SHOWN + 2)]
    warned = [verdict(f"{name}.one.v1", "AAA-001", "warn") for name in names for _ in range(3)]
    heat = board(*warned, verdict(f"{names[-1]}.two.v1", "AAA-001")).choose(Chosen()).heat

    assert [line.domain for line in heat.lines] == [names[-1], *names[: SHOWN - 1]]
    assert [line.domain for line in heat.folded] == names[SHOWN - 1 : -1]
    assert heat.total == sum(line.total for line in (*heat.lines, *heat.folded))


def test_the_shade_tells_how_much_of_the_most_a_number_is() -> None:
    found = [verdict(f"orders.a_{number}.v1", "AAA-001") for number in range(100)]
    found += [verdict(f"orders.a_{number}.v1", "BBB-001") for number in range(26)]
    heat = board(*found, verdict(REVENUE, "AAA-001")).choose(Chosen()).heat

    assert [[cell.shade if cell else 0 for cell in line.cells] for line in heat.lines] == [[SHADES, 2], [1, 0]]


def test_products_that_are_not_compliant_come_first(told: Board) -> None:
    assert [str(one.address) for one in told.products_of("orders")] == [LINES, PARTS]
    assert len(told.products_of("")) == 4


@pytest.mark.parametrize(
    ("offset", "begin", "shown"), [(0, 0, "abc"), (3, 3, "def"), (4, 3, "def"), (6, 6, "g"), (90, 6, "g")]
)
def test_a_page_that_is_not_there_is_the_last_one(offset: int, begin: int, shown: str) -> None:
    assert page_of("abcdefg", offset, 3) == (begin, tuple(shown))
    assert page_of("", offset, 3) == (0, ())
