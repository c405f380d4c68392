"""Whatever is written in whatever form is answered with problems at its lines, and never with a traceback."""

from __future__ import annotations

import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.dialect import Written
from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.loader import parse_product
from mesh_orchestration.errors import ContractError
from tests.builders import FIELDS, product
from tests.contract.dialects.products import put
from tests.contract.test_round_trip import json_like

WHOLE = product(
    "web.visits.v1",
    fields=dict(FIELDS) | {"state": {"type": "string", "constraints": {"enum": ["a", "b"], "pattern": "."}}},
    checks=[
        {"column": "amount", "assertion": "expect_column_values_to_not_be_null", "threshold": 0.9},
        {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 1, "max_value": 9}},
        {"column": "state", "assertion": "expect_column_value_lengths_to_equal", "value": {"value": 1}, "name": "one"},
    ],
    inputs=[{"name": "lines", "type": "data-product", "product": "web.lines.v1"}],
    outputs=[{"type": "file", "name": "visits-v1", "format": "parquet"}],
    sla={"freshness": "1h", "event_time": "event_ts", "event_freshness": "2h", "availability": 0.99},
    support={"channel": "#web", "email": "a@b.io"},
    access={"roles": ["analyst"]},
    tags=["web"],
    retention="30d",
)


@cache
def written(form: str) -> Written:
    return dialects.write(WHOLE, form)


@st.composite
def damaged(draw: st.DrawFn, form: str) -> dict[Any, Any]:
    """A contract in ``form`` with one part of it replaced by anything."""
    data = deepcopy(parse_document(written(form).text, form).value)
    place: Any = data
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not place[key] or not isinstance(place[key], dict | list) or draw(st.integers(0, 4)) == 0:
            place[key] = draw(json_like)
            return data  # type: ignore[no-any-return]
        place = place[key]


@pytest.mark.parametrize("form", ["odcs", "short"])
@settings(max_examples=60)
@given(data=st.data())
def test_a_part_of_any_form_may_be_anything(form: str, data: st.DataObject) -> None:
    text = yaml.safe_dump(data.draw(damaged(form)), sort_keys=False, allow_unicode=True)
    with tempfile.TemporaryDirectory() as folder:
        path = put(written(form), Path(folder))
        path.write_text(text, encoding="utf-8")
        try:
            source = dialects.read_file(path)
        except ContractError:
            return
        found, findings = parse_product(source.value)
        assert found is not None or findings
        assert all(problem.line > 0 for problem in (*source.problems, *source.unkept, *source.findings(findings)))
        assert all(str(lost) for lost in source.lost)
