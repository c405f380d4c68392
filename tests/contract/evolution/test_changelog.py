"""The history of a product as its consumers read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mesh_orchestration.contract.evolution.changelog import Release, State, markdown, releases
from tests.builders import FIELDS, product

LESS = {name: said for name, said in FIELDS.items() if name != "amount"}


def state(day: int | None, address: str = "orders.order_lines.v1", *, gone: bool = False, **parts: Any) -> State:
    at = datetime(2026, 1, day, tzinfo=UTC) if day else None
    return State(product(address, **parts), at, f"c{day}", gone=gone)


def told(*states: State) -> list[tuple[str, list[str]]]:
    return [(one.version, [change.kind for change in one.changes]) for one in releases(states)]


def test_each_version_is_told_against_the_one_before_newest_first() -> None:
    assert told(
        state(1),
        state(2, version="1.1.0", fields=FIELDS | {"note": "string"}),
        state(3, version="1.2.0", fields=FIELDS | {"note": "string"}, sla={"freshness": "1h"}),
    ) == [("1.2.0", ["sla.tightened"]), ("1.1.0", ["field.added"]), ("1.0.0", [])]


def test_edits_under_one_version_are_one_release_that_keeps_its_first_day() -> None:
    (release, _) = releases(
        [
            state(1),
            state(2, version="1.1.0", fields=FIELDS | {"note": "string"}),
            state(3, version="1.1.0", fields=FIELDS | {"note": "string", "more": "date"}),
        ]
    )
    assert (release.at, [change.kind for change in release.changes]) == (
        datetime(2026, 1, 2, tzinfo=UTC),
        ["field.added", "field.added"],
    )


def test_a_new_major_is_told_against_the_last_state_of_the_one_before() -> None:
    v2 = state(3, "orders.order_lines.v2", fields=LESS)
    assert told(state(1), state(2, version="1.1.0", sla={"freshness": "1h"}), v2)[0] == (
        "2.0.0", ["field.removed", "sla.loosened"],
    )  # fmt: skip


def test_a_major_that_goes_on_beside_a_newer_one_is_told_against_itself() -> None:
    v2 = state(2, "orders.order_lines.v2", fields=LESS)
    assert told(state(1), v2, state(3, version="1.0.1", owner="team:others"))[0] == ("1.0.1", ["owner.changed"])


def test_a_file_that_became_another_major_is_told_against_what_it_was() -> None:
    found = told(state(1), state(2, gone=True), state(2, "orders.order_lines.v2", fields=LESS))
    assert found == [("2.0.0", ["field.removed"]), ("1.0.0", []), ("1.0.0", [])]


def test_the_changelog_puts_what_matters_to_consumers_first() -> None:
    found = releases(
        [
            state(1),
            state(None, version="1.1.0", description="One row per line.", sla={"freshness": "1h"},
                  fields={"order_id": FIELDS["order_id"], "event_ts": FIELDS["event_ts"],
                          "lines": {"type": "array<long>", "description": "The lines."}}),
        ]
    )  # fmt: skip
    assert markdown("orders.order_lines", found, ["A note."]) == (
        "# Changelog of orders.order_lines\n\n"
        "> A note.\n\n"
        "## 1.1.0 (not committed yet)\n\n"
        "**Breaking**\n\n"
        "- Column amount (decimal(12,2)) was removed: who reads it finds no such column.\n\n"
        "**Compatible**\n\n"
        "- Column lines (array\\<long\\>) was added.\n"
        "- Freshness became 1h, was nothing.\n\n"
        "**Documentation**\n\n"
        "- Description became 'One row per line.', was 'One row per order_lines.'.\n\n"
        "## 1.0.0 (2026-01-01)\n\n"
        "First version: 3 columns, key order_id.\n"
    )


def test_a_removed_product_says_when_it_went_and_a_deprecated_one_that_it_is() -> None:
    text = markdown("orders.order_lines", releases([state(1, status="deprecated"), state(2, gone=True)]))
    assert "## orders.order_lines.v1 was removed (2026-01-02)" in text
    assert "## 1.0.0 (2026-01-01, deprecated)" in text


def test_another_spelling_brings_consumers_nothing() -> None:
    found = releases([state(1, sla={"freshness": "1h"}), state(2, version="1.0.1", sla={"freshness": "60m"})])
    assert "Nothing that matters to consumers." in markdown("orders.order_lines", found)
    assert isinstance(found[0], Release)
