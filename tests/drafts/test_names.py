from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.ports.base import column_findings
from mesh_orchestration.drafts.names import (
    event_rank,
    is_bookkeeping,
    is_identifier,
    legal_names,
    personal_mask,
    slug,
    words_of,
)


@given(st.lists(st.text(max_size=80), unique=True, max_size=8))
def test_every_name_becomes_a_legal_one_of_its_own(names: list[str]) -> None:
    legal = legal_names(names)
    assert list(legal) == names
    assert len({name.lower() for name in legal.values()}) == len(names)
    assert [SchemaField(name=name, type="long").name for name in legal.values()] == list(legal.values())
    assert list(column_findings(dict.fromkeys(legal.values(), "long"), ())) == []


def test_legal_names_stay_and_others_give_way() -> None:
    assert legal_names(["order id", "order_id", "Order_ID", "2026", "", "__x"]) == {
        "order id": "order_id_3", "order_id": "order_id", "Order_ID": "Order_ID_2", "2026": "column_2026",
        "": "column", "__x": "x",
    }  # fmt: skip


@given(st.text(max_size=80))
def test_every_name_has_a_slug(name: str) -> None:
    assert slug(name)[0].isalpha()
    assert slug(name).replace("_", "a").isalnum()


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("email", "hash"), ("CustomerEmail", "hash"), ("customer_id", "hash"), ("household_id", "hash"),
        ("first_name", "redact"), ("lastName", "redact"), ("customer_name", "redact"), ("date_of_birth", "generalise"),
        ("zip_code", "generalise"), ("ip_address", "hash"), ("phoneNumber", "hash"), ("iban", "hash"),
        ("product_name", None), ("order_id", None), ("campaign_type", None), ("package_size", None), ("stage", None),
        ("customer_count", None), ("unit", None), ("zipper", None),
    ],
)  # fmt: skip
def test_what_sounds_personal_is_told_by_whole_words(name: str, mask: str | None) -> None:
    assert personal_mask(name) == mask


def test_words_of_a_name() -> None:
    assert words_of("orderID_2026Total") == ("order", "id", "2026", "total")
    assert [is_identifier(name) for name in ("OrderID", "paid", "product code")] == [True, False, True]


def test_times_that_tell_when_a_row_happened_come_first() -> None:
    names = ["day", "created_at", "event_time"]
    assert sorted(names, key=event_rank) == ["event_time", "created_at", "day"]
    assert [is_bookkeeping(name) for name in ("updated_at", "created_at")] == [True, False]
