"""Products that say everything a contract may say, for tests of what survives in another form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.dialect import Source, Written
from mesh_orchestration.contract.loader import parse_product
from mesh_orchestration.contract.model import DataProduct
from tests.builders import contract
from tests.contract.test_round_trip import durations, names, optional, shares, texts, words

WORDS_OF_TYPE = ("string", "str", "bigint", "integer", "double", "decimal(12,2)", "boolean", "uuid", "binary", "time")
dates = st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 1, 1))
moments = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2030, 1, 1))  # noqa: DTZ001
instants = moments.map(lambda moment: moment.replace(tzinfo=UTC))
numbers = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False)


def _constraints(type_: str) -> st.SearchStrategy[dict[str, Any]]:
    own: dict[str, st.SearchStrategy[Any]] = {}
    if type_ in {"string", "str"}:
        own = {"min_length": st.integers(0, 2), "max_length": st.integers(2, 9), "pattern": st.just("^.*$")}
        own["enum"] = st.lists(words, min_size=1, max_size=3, unique=True)
        return optional(null=st.booleans(), **own).map(lambda said: {"enum": said["enum"]} if "enum" in said else said)
    if type_ in {"bigint", "integer"}:
        own = {"min": st.integers(-9, 0), "max": st.integers(0, 9)}
    elif type_ in {"double", "decimal(12,2)"}:
        own = {"min": st.floats(-9, 0) | st.integers(-9, 0), "max": st.integers(1, 9)}
    elif type_ == "date":
        own = {"min": dates.filter(lambda day: day.year < 2000), "max": st.just("now + 1d") | st.just(date(2029, 1, 1))}
    elif type_ in {"timestamp", "timestamptz"}:
        own = {
            "min": moments.filter(lambda moment: moment.year < 2000),
            "max": instants.filter(lambda at: at.year > 2001),
        }
        own |= {"timezone": st.just("UTC")}
    return optional(null=st.booleans(), unique=st.booleans(), pii=st.booleans(), **own)


@st.composite
def _fields(draw: st.DrawFn) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        type_ = draw(st.sampled_from((*WORDS_OF_TYPE, "date", "timestamp", "timestamptz", "array<string>")))
        said = {"type": type_, "constraints": draw(_constraints(type_))}
        said |= draw(
            optional(unit=texts, semantics=texts, tags=st.lists(words, max_size=2), aliases=st.lists(names, max_size=2))
        )
        if draw(st.booleans()):
            said |= {"pii": True, "masking": draw(st.sampled_from(["hash", "null", "partial"]))}
            said["constraints"].pop("pii", None)
        result[name] = said
    key = draw(st.sampled_from([None, *result]))
    if key is not None:
        said = result[key]["constraints"]
        said.pop("null", None), said.pop("unique", None)
        said["primary_key"] = True
    return result


def _checks(column: str, type_: str) -> st.SearchStrategy[dict[str, Any]]:
    """Checks of one column, and of the table."""
    on = {"column": column}
    rows = st.integers(0, 10)
    one = [
        st.just(on | {"assertion": "expect_column_values_to_not_be_null"}),
        st.just(on | {"assertion": "expect_column_values_to_be_unique"}),
        st.just({"assertion": "expect_column_values_to_not_be_null", "value": on}),
        shares.map(lambda share: on | {"assertion": "expect_column_values_to_not_be_null", "threshold": share}),
        st.floats(0, 1).map(lambda low: _least(on, "non_null", low)),
        st.floats(0, 1).map(lambda low: _least(on, "unique", low)),
        rows.map(lambda n: {"assertion": "expect_table_row_count_to_equal", "value": {"value": n}}),
        rows.map(lambda n: {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": n}}),
        rows.map(lambda n: {"assertion": "expect_table_row_count_to_be_between", "value": {"max_value": n}}),
        rows.map(
            lambda n: {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": n, "max_value": 11}}
        ),
    ]
    if type_ in {"string", "str"}:
        one.append(st.lists(words, min_size=1, max_size=3).map(lambda found: on | _set("in_set", found)))
        one.append(st.lists(words, min_size=1, max_size=3).map(lambda found: on | _set("not_be_in_set", found)))
        one.append(st.just(on | {"assertion": "expect_column_values_to_match_regex", "value": {"regex": "^a"}}))
    if type_ == "date":
        one.append(st.lists(dates, min_size=1, max_size=2).map(lambda found: on | _set("in_set", found)))
    keys = optional(severity=st.sampled_from(["warn", "error"]), description=texts)
    return st.builds(lambda check, more: check | more, st.one_of(one), keys)


def _least(on: dict[str, Any], kind: str, low: float) -> dict[str, Any]:
    assertion = f"expect_column_proportion_of_{kind}_values_to_be_between"
    return on | {"assertion": assertion, "value": {"min_value": low, "strict_min": low < 1, "max_value": 1}}


def _set(kind: str, values: list[Any]) -> dict[str, Any]:
    kind = kind if kind.startswith("not") else f"be_{kind}"
    return {"assertion": f"expect_column_values_to_{kind}", "value": {"value_set": values}}


@st.composite
def products(draw: st.DrawFn) -> DataProduct:
    """A valid product."""
    fields = draw(_fields())
    column, said = draw(st.sampled_from(sorted(fields.items())))
    checks = draw(st.lists(_checks(column, said["type"]), max_size=4))
    for place, check in enumerate(checks):
        if draw(st.booleans()):
            check["name"] = f"check_{place}"
    deprecated = draw(st.booleans())
    parts = draw(
        optional(
            description=texts, title=texts, tags=st.lists(words, max_size=3), id=st.just("stable-id"),
            sla=optional(freshness=durations, availability=shares, completeness=shares, accuracy=shares,
                         latency=st.sampled_from(["PT5M", "1h 30m", "2 days", "90s"]), throughput=texts),
            access=optional(roles=st.lists(words, max_size=3), purposes=words, policies=words),
            lineage=optional(upstream=st.lists(words, max_size=3)),
            support=optional(channel=texts, email=st.just("a@b.io"), url=st.just("https://b.io"), hours=texts),
            retention=durations, model=names, schedule=st.just("15 * * * *"), consumers=st.just(
                [{"name": "Board", "type": "dashboard", "owner": "team:bi", "columns": [column]}]
            ),
            inputs=st.just([
                {"name": "lines", "type": "data-product", "product": "web.lines.v2"},
                {"name": "files", "type": "batch", "path": "a/*.csv", "columns": {"id": "long"}}, "other",
            ]),
            outputs=st.lists(st.fixed_dictionaries({"type": words | st.just("file")}, optional={
                "name": words | st.just("lines-v3"), "location": texts, "description": texts}), max_size=2),
        )
    )  # fmt: skip
    if deprecated:
        parts |= {"status": "deprecated", "sunset": draw(dates)}
    data = contract(
        "orders.lines.v3", fields=fields, checks=checks, version=draw(st.sampled_from(["3.0.0", "3.4.1"])), **parts
    )
    data["spec"]["owner"] = draw(st.sampled_from(["team:orders", "orders@company.io"]))
    data["spec"]["schema"] |= draw(optional(type=st.just("avro"), compatibility=st.just("full")))
    product, findings = parse_product(data)
    assert product is not None, findings
    assert not findings, (findings, data)
    return product


def put(written: Written, folder: Path, *, name: str = "v3.yaml") -> Path:
    """Write a written contract and the files that belong beside it into ``folder``; returns the contract's path."""
    for place, text in {name: written.text, **written.files}.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / name


def read_again(written: Written, folder: Path) -> tuple[DataProduct, Source]:
    """What loading a written contract gives; it must be valid."""
    source = dialects.read_file(put(written, folder))
    product, findings = parse_product(source.value)
    assert product is not None, findings
    assert (findings, source.problems) == ([], ())
    return product, source
