"""Compatibility modes: what they promise about data and readers, held against Avro's own resolution."""

from __future__ import annotations

import io
import json
import warnings
from itertools import combinations
from typing import Any

import avro.schema
import fastavro
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mesh_orchestration.compile.avro import avro_schema
from mesh_orchestration.contract.evolution import Level, changes, verdict
from mesh_orchestration.contract.evolution.modes import unreadable, violations
from mesh_orchestration.contract.evolution.promotion import resolves
from mesh_orchestration.contract.model import DataProduct
from tests.builders import product
from tests.contract.evolution.versions import TYPES, histories, rows

MODES = ("backward", "forward", "full", "backward_transitive", "forward_transitive", "full_transitive")
OPTIONAL: dict[str, Any] = {"type": "string"}
REQUIRED: dict[str, Any] = {"type": "string", "constraints": {"null": False}}


def readable_by_avro(writer: DataProduct, reader: DataProduct) -> bool:
    """What the Avro project's own checker says of the two schemas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # avro does not know local-timestamp-micros, as its specification allows
        schemas = [avro.schema.parse(json.dumps(avro_schema(one))) for one in (reader, writer)]
    found = ReaderWriterCompatibilityChecker().get_compatibility(*schemas)
    return bool(found.compatibility is SchemaCompatibilityType.compatible)


def events(mode: str = "backward", **fields: Any) -> DataProduct:
    data = product(fields={"id": "long"} | fields).model_dump(by_alias=True, exclude_unset=True)
    data["spec"]["schema"] |= {"type": "avro", "compatibility": mode}
    return DataProduct.model_validate(data)


def version(number: str, mode: str, **fields: Any) -> DataProduct:
    one = events(mode, **fields)
    return one.model_copy(update={"metadata": one.metadata.model_copy(update={"version": number})})


@given(histories(format_="avro", versions=1))
@settings(max_examples=20)
def test_compatibility_is_reflexive(versions: tuple[DataProduct, ...]) -> None:
    (one,) = versions
    again = DataProduct.model_validate(one.model_dump(by_alias=True, exclude_unset=True))
    assert changes(one, again) == unreadable(one, again) == ()
    assert verdict(one, again).problem == ""
    assert readable_by_avro(one, again)


@given(histories(format_="avro"))
@settings(max_examples=150)
def test_what_is_called_readable_is_readable_by_avro(versions: tuple[DataProduct, ...]) -> None:
    old, new = versions
    if not unreadable(old, new):
        assert readable_by_avro(old, new)
    if not readable_by_avro(old, new):
        assert unreadable(old, new)


@given(st.data())
@settings(max_examples=60)
def test_data_written_under_the_old_version_is_read_under_a_compatible_new_one(data: st.DataObject) -> None:
    old, new = data.draw(histories(format_="avro"))
    found = changes(old, new)
    assume(verdict(old, new).required != "major" or max(change.level for change in found) <= Level.COMPATIBLE)
    written = data.draw(rows(old))
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(avro_schema(old)), written)
    buffer.seek(0)
    read = list(fastavro.reader(buffer, fastavro.parse_schema(avro_schema(new))))
    shared = [name for name in new.columns if name in old.columns]
    assert [{name: row[name] for name in shared} for row in read] == [
        {name: row[name] for name in shared} for row in written
    ]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.endswith("transitive")])
def test_transitive_modes_are_transitive(mode: str) -> None:
    @given(histories(format_="avro", mode=mode, versions=4))
    @settings(max_examples=40)
    def hold(versions: tuple[DataProduct, ...]) -> None:
        accepted: list[DataProduct] = []
        for one in versions:
            if not violations(one, accepted):
                accepted.append(one)
        for older, newer in combinations(accepted, 2):
            if mode.startswith(("backward", "full")):
                assert readable_by_avro(older, newer)
            if mode.startswith(("forward", "full")):
                assert readable_by_avro(newer, older)

    hold()


@pytest.mark.parametrize(("mode", "broken"), [("backward", True), ("forward", False), ("full", True), ("none", False)])
def test_a_required_field_cannot_be_read_in_old_data(mode: str, broken: bool) -> None:
    old, new = version("1.0.0", mode), version("1.1.0", mode, note=REQUIRED)
    assert bool(violations(new, [old])) is broken


@pytest.mark.parametrize(("mode", "broken"), [("backward", False), ("forward", True), ("full", True), ("none", False)])
def test_an_old_reader_misses_a_required_field_that_went(mode: str, broken: bool) -> None:
    old, new = version("1.0.0", mode, note=REQUIRED), version("1.1.0", mode)
    assert bool(violations(new, [old])) is broken


@pytest.mark.parametrize(("mode", "broken"), [("backward", False), ("forward", True), ("full", True)])
def test_an_old_reader_does_not_read_the_wider_type(mode: str, broken: bool) -> None:
    old, new = version("1.0.0", mode, amount="integer"), version("1.1.0", mode, amount="long")
    assert bool(violations(new, [old])) is broken


@pytest.mark.parametrize(("mode", "broken"), [("full", False), ("full_transitive", True), ("backward", False)])
def test_only_a_transitive_mode_looks_at_more_than_the_last_version(mode: str, broken: bool) -> None:
    first, second = version("1.0.0", mode, note="integer"), version("1.1.0", mode)
    third = version("1.2.0", mode, note="string")
    assert bool(violations(third, [first, second])) is broken


def test_a_transitive_mode_makes_the_verdict_look_at_earlier_versions() -> None:
    mode = "full_transitive"
    first, second = version("1.0.0", mode, note="integer"), version("1.1.0", mode)
    third = version("1.2.0", mode, note="string")
    assert verdict(second, third).required == "minor"
    said = verdict(second, third, earlier=[first])
    assert said.required == "major"
    assert said.violations == (
        "version 1.2.0 cannot read what was written under 1.0.0: note is integer there, which does not become string",
        "version 1.0.0 cannot read what is written under 1.2.0: note is string there, which does not become integer",
    )


def test_the_mode_that_was_promised_counts_and_not_the_one_that_replaces_it() -> None:
    old, new = version("1.0.0", "backward"), version("1.1.0", "none", note=REQUIRED)
    assert violations(new, [old])
    assert not violations(new, [version("1.0.0", "none")])


def test_another_major_promises_nothing_to_this_one() -> None:
    old, new = version("1.0.0", "full_transitive", note="integer"), version("2.0.0", "full_transitive", note="string")
    assert violations(new, [old]) == ()


def test_a_field_is_found_by_its_former_name_by_avro() -> None:
    old, new = events(note=REQUIRED), events(text=REQUIRED | {"aliases": ["note"]})
    assert unreadable(old, new) == ()
    assert readable_by_avro(old, new)
    assert unreadable(new, old) == ("note is missing there and may not be null",)


def test_a_table_reads_null_where_a_column_is_missing() -> None:
    old, new = product(fields={"id": "long"}), product(fields={"id": "long", "note": REQUIRED})
    assert unreadable(old, new) == ()


@pytest.mark.parametrize("old", TYPES)
def test_avro_s_own_checker_agrees_with_every_promotion(old: str) -> None:
    for new in TYPES:
        if resolves(old, new):
            assert readable_by_avro(product(fields={"a": old}), product(fields={"a": new})), new
