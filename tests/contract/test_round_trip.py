"""What a contract says survives being written and read again."""

from __future__ import annotations

import string
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.loader import dump_product, parse_product
from mesh_orchestration.contract.types import SCALARS
from mesh_orchestration.errors import ContractError
from tests.builders import contract, contract_text

names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=30)
words = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=12)
durations = st.builds(lambda number, unit: f"{number}{unit}", st.integers(1, 999), st.sampled_from("mhdw"))
shares = st.one_of(
    st.floats(0, 1, allow_nan=False), st.integers(0, 100).map(lambda percent: f"{percent}%"), st.just("99.95%")
)
types = st.one_of(st.sampled_from(SCALARS), st.just("decimal(12,2)"), st.just("array<string>"))


def optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=parts)


def bounded(type_: str) -> st.SearchStrategy[dict[str, Any]]:
    """Constraints that fit a field of ``type_``."""
    any_field = {"null": st.booleans(), "pii": st.booleans(), "masking": st.sampled_from(["hash", "null", "partial"])}
    match type_:
        case "long":
            own = {"min": st.integers(-9, 0), "max": st.integers(0, 9)}
        case "date":
            own = {"min": st.dates(max_value=date(2000, 1, 1)), "max": st.just("now + 1d")}
        case "string":
            own = {"min_length": st.integers(0, 3), "max_length": st.integers(3, 9), "pattern": st.just("^.*$")}
        case "timestamp":
            own = {"timezone": st.just("UTC"), "max": st.just("now")}
        case _:
            own = {}
    return optional(**any_field, **own).filter(lambda said: said.get("pii", True) or "masking" not in said)


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    result = {}
    for name in chosen:
        type_ = draw(types)
        said = {"type": type_, "constraints": draw(bounded(type_))}
        result[name] = said | draw(optional(description=texts, unit=texts, tags=st.lists(words, max_size=2)))
    return result


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(fields())
    parts = draw(
        optional(
            description=texts,
            title=texts,
            tags=st.lists(words, max_size=3),
            sla=optional(freshness=durations, availability=shares, completeness=shares, throughput=texts),
            access=optional(roles=st.lists(words, max_size=3), purposes=words),
            lineage=optional(upstream=st.lists(words, max_size=3)),
            support=optional(channel=texts, hours=texts),
            retention=durations,
            model=names,
            inputs=st.just([{"name": "lines", "type": "data-product", "product": "web.lines.v2"}, "other"]),
            outputs=st.lists(st.fixed_dictionaries({"type": words, "location": texts}), max_size=2),
        )
    )
    column = draw(st.sampled_from(sorted(chosen)))
    check = {"column": column, "assertion": "expect_column_values_to_not_be_null"}
    keys = optional(threshold=shares, severity=st.sampled_from(["warn", "error"]), description=texts)
    checks = [check | draw(keys) for _ in range(draw(st.integers(0, 2)))]
    return contract(f"{draw(st.sampled_from(['orders', 'web']))}.lines.v3", fields=chosen, checks=checks, **parts)


@given(contracts())
@settings(max_examples=100, deadline=None)
def test_a_valid_contract_survives_being_dumped_and_loaded(data: dict[str, Any]) -> None:
    product, findings = parse_product(data)
    assert product is not None
    assert findings == []
    again, findings = parse_product(parse_document(dump_product(product), "v3.yaml").value)
    assert again is not None
    assert (again, again.fingerprint, findings) == (product, product.fingerprint, [])


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.none(), inner, max_size=3),
    max_leaves=12,
)


@st.composite
def broken_contracts(draw: st.DrawFn) -> dict[Any, Any]:
    """A contract with one part of it replaced by anything."""
    data = contract(checks=[{"column": "amount", "assertion": "expect_column_values_to_not_be_null"}], inputs=["other"])
    place: Any = data
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not place[key] or not isinstance(place[key], dict | list) or draw(st.booleans()):
            place[key] = draw(json_like)
            return data
        place = place[key]


@given(broken_contracts())
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_answered_with_findings_and_never_a_traceback(data: dict[Any, Any]) -> None:
    product, findings = parse_product(data)
    assert product is not None or findings


@given(st.integers(0, 600), st.integers(0, 20), st.text("\x00\t\n -:?[]{}&*!|>'\"%@`#,\ufeff\u2028é", max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_answered_with_problems_and_never_a_traceback(start: int, length: int, junk: str) -> None:
    text = contract_text()
    damaged = text[:start] + junk + text[start + length :]
    try:
        document = parse_document(damaged, "v1.yaml")
    except ContractError:
        return
    product, findings = parse_product(document.value)
    assert product is not None or findings
    assert all(document.problem(path, message).line > 0 for path, message in findings)
