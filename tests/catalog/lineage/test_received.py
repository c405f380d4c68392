"""A body is read event by event, and means what it means as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_orchestration.catalog.received import NoList, received, received_body
from tests.catalog.lineage.told import dataset, event, facet

_LOOKS_LIKE_TWO = '},{"eventType":"START"}, {"eventType": 1'
_ODD = [
    event("a", facets={"quote": facet(text=_LOOKS_LIKE_TWO)}),
    event("b", facets={"nested": facet(told=[event("x"), event("y")])}),
    event("c", writes=[dataset(_LOOKS_LIKE_TWO)]),
    dict(reversed(event("d").items())),
    {"eventType": "START"},
    {},
    [event("e")],
    7,
    "]",
]


@given(
    st.lists(st.sampled_from([event("f"), event("g", minute=1), *_ODD]), max_size=6),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", ":")]),
    st.sampled_from([None, 1]),
)
def test_a_body_holds_what_it_holds_as_a_whole(told: Sequence[Any], marks: tuple[str, str], indent: int | None) -> None:
    body = json.dumps(told, separators=marks, indent=indent).encode()
    assert received_body(body) == received(told)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[", b"[]]", b"{", b'[{"a":1},{"a":2]', b'[{"a":1},]', b'[{"a":1}{"a":2}]', b'[{"a":1},{"a":2}}]',
        b'[{"a":1}],[{"a":2}]', b'[{"a":"\xff"},{"a":2}]', b'[{"a":1},{"a":2}] x', b'\xef\xbb\xbf[{"a":1}]',
    ],
)  # fmt: skip
def test_what_is_no_json_is_never_read_in_parts(body: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(body)
    with pytest.raises(orjson.JSONDecodeError):
        received_body(body)


def test_json_that_is_no_list_is_said_to_be_none() -> None:
    with pytest.raises(NoList):
        received_body(orjson.dumps(event("a")))
