"""Which version a change needs, and what is said when the one given is too small."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_orchestration.contract.evolution import Level, Verdict, verdict
from mesh_orchestration.contract.model import DataProduct
from tests.builders import FIELDS, product

LESS = {name: said for name, said in FIELDS.items() if name != "amount"}
MORE = FIELDS | {"note": "string"}
REQUIRED = FIELDS | {"note": {"type": "string", "constraints": {"null": False}}}


def held(version: str, **parts: Any) -> Verdict:
    return verdict(product(version="1.4.0"), product(version=version, **parts))


def test_the_same_contract_needs_nothing() -> None:
    said = held("1.4.0")
    assert (said.changes, said.level, said.required, said.given, said.problem) == (
        (), Level.DOCUMENTATION, "none", "none", "",
    )  # fmt: skip


def test_words_may_change_under_an_unchanged_version() -> None:
    said = held("1.4.0", description="One row per line of an order.")
    assert (said.required, said.problem) == ("none", "")


def test_a_new_column_needs_a_minor_version() -> None:
    assert held("1.5.0", fields=MORE).problem == ""
    assert held("1.4.1", fields=MORE).problem == (
        "version 1.4.1 is too small after 1.4.0, but what changed takes a minor version: column note (string) was "
        "added: readers do not ask for it, and rows written before have no value in it; write metadata.version: 1.5.0"
    )


def test_another_content_under_an_unchanged_version_is_a_problem() -> None:
    said = held("1.4.0", owner="team:others")
    assert (said.required, said.given) == ("patch", "none")
    assert said.problem.startswith("version is still 1.4.0, but what changed takes a patch version: the owner became")
    assert said.problem.endswith("write metadata.version: 1.4.1")


def test_a_removed_column_needs_a_major_version_in_a_file_of_its_own() -> None:
    said = held("1.5.0", fields=LESS)
    assert (said.level, said.required, said.given) == (Level.BREAKING, "major", "minor")
    assert said.problem.endswith(
        "give it its own file v2.yaml in contracts/orders/order_lines/ with metadata.version: 2.0.0 "
        "and leave v1.yaml as it was"
    )


def test_a_new_major_may_change_everything() -> None:
    said = verdict(product(version="1.4.0"), product("orders.order_lines.v2", fields=LESS))
    assert (said.required, said.given, said.problem) == ("major", "major", "")


@pytest.mark.parametrize("version", ["1.3.9", "1.0.0", "0.9.0"])
def test_a_version_never_goes_down(version: str) -> None:
    said = held(version, fields=MORE)
    assert said.problem.endswith("a version never goes down; write metadata.version: 1.5.0")


def test_a_draft_changes_freely() -> None:
    said = verdict(product(status="draft"), product(status="draft", fields=LESS))
    assert (said.level, said.required, said.problem) == (Level.BREAKING, "none", "")
    assert verdict(product(status="draft"), product(fields=LESS)).problem == ""


def test_what_was_promised_is_not_undone_by_calling_it_a_draft() -> None:
    said = verdict(product(), product(status="draft", fields=LESS))
    assert (said.required, bool(said.problem)) == ("major", True)


def test_retiring_ends_a_major_and_so_needs_none() -> None:
    old = product(version="1.4.0", status="deprecated", sunset="2026-12-31")
    said = verdict(old, product(version="1.5.0", status="retired", sunset="2026-12-31"))
    assert (said.level, said.required, said.problem) == (Level.BREAKING, "minor", "")


def test_many_reasons_are_counted() -> None:
    said = verdict(product(fields={f"a{n}": "long" for n in range(9)} | {"b": "date"}), product(fields={"b": "date"}))
    assert "; and 6 more; give it" in said.problem


def avro(version: str, **parts: Any) -> DataProduct:
    data = product(version=version, **parts).model_dump(by_alias=True, exclude_unset=True)
    data["spec"]["schema"] |= {"type": "avro", "compatibility": "backward"}
    return DataProduct.model_validate(data)


def test_a_mode_that_is_broken_needs_a_major_version_though_no_reader_of_the_table_breaks() -> None:
    said = verdict(avro("1.4.0"), avro("1.5.0", fields=REQUIRED))
    assert (said.level, said.required) == (Level.COMPATIBLE, "major")
    assert said.violations == (
        "version 1.5.0 cannot read what was written under 1.4.0: note is missing there and may not be null",
    )
    assert said.violations[0] in said.problem
    assert held("1.5.0", fields=REQUIRED).problem == ""
