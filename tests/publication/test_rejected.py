"""What a person sees of a refused publication."""

from __future__ import annotations

import pytest

from mesh_orchestration.errors import StorageError
from mesh_orchestration.publication.rejected import rejected_rows
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from tests.builders import FIELDS, product
from tests.publication.publishing import exported, publish_orders

AMOUNT = {"type": "decimal(12,2)", "constraints": {"min": 0, "null": False}}
GUARDED = product(fields=FIELDS | {"amount": AMOUNT})


def refuse(lake: Lake, *amounts: float | None, run: str = "r1", contract=GUARDED, columns: str = ""):  # type: ignore[no-untyped-def]
    publication = publish_orders(
        lake, run=run, export=exported(*amounts, columns=columns), contract=contract, audit=None
    )
    assert not publication.published
    return publication


def test_the_rows_that_broke_each_failed_check_are_shown(lake: Lake) -> None:
    refuse(lake, 1, -2, None)

    found = {one.verdict.expectation: one for one in rejected_rows(lake, GUARDED)}
    assert {name: [row[:2] for row in one.rows] for name, one in found.items()} == {
        "expect_column_values_to_be_between": [("o1", -2)],
        "expect_column_values_to_not_be_null": [("o2", None)],
    }
    assert found["expect_column_values_to_be_between"].columns == ("order_id", "amount", "event_ts")


def test_every_copy_of_a_duplicated_key_is_shown(lake: Lake) -> None:
    keyed = product(fields=FIELDS | {"n": {"type": "integer", "constraints": {"unique": True}}})
    refuse(lake, 1, 2, 3, contract=keyed, columns=", (case when i < 2 then 7 else i end)::integer as n")

    [found] = rejected_rows(lake, keyed)
    assert sorted(row[0] for row in found.rows) == ["o0", "o1"]


def test_the_rows_that_stand_out_of_a_crowd_are_shown(lake: Lake) -> None:
    crowded = product(
        fields=FIELDS | {"age": {"type": "string", "pii": True, "masking": "redact"}, "size": {"type": "integer"}},
        checks=[
            {"columns": ["age", "size"], "assertion": "expect_compound_columns_to_be_k_anonymous", "value": {"k": 2}}
        ],
    )
    columns = ", ['20-29', '20-29', null, null, '30-39'][i + 1] as age, (i // 4)::integer as size"
    refuse(lake, 1, 2, 3, 4, 5, contract=crowded, columns=columns)

    [found] = rejected_rows(lake, crowded)
    assert [(row[0], row[3], row[4]) for row in found.rows] == [("o4", "***", 1)]


def test_rows_are_masked_as_the_contract_says(settings: Settings) -> None:
    secret = product(fields=FIELDS | {"amount": AMOUNT | {"masking": "redact"}})
    with open_lake(settings) as lake:
        refuse(lake, -2, contract=secret)
        [found] = rejected_rows(lake, secret)

    assert found.rows[0][:2] == ("o0", "***")


def test_a_check_about_all_rows_says_that_no_row_breaks_it(lake: Lake) -> None:
    counted = product(
        checks=[{"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 5}}],
    )
    refuse(lake, 1, contract=counted)

    [found] = rejected_rows(lake, counted)
    assert (found.rows, found.note) == ((), "no single row breaks this check; it is about all rows together")


def test_one_refusal_of_several_can_be_chosen(lake: Lake) -> None:
    refuse(lake, -1, run="r1")
    refuse(lake, -2, run="r2")

    assert rejected_rows(lake, GUARDED)[0].rows[0][1] == -2
    assert rejected_rows(lake, GUARDED, branch="r1")[0].rows[0][1] == -1
    assert rejected_rows(lake, GUARDED, branch="audit-r1")[0].rows[0][1] == -1
    with pytest.raises(StorageError, match=r"keeps no refused rows of 'r9'; kept are audit-r2, audit-r1"):
        rejected_rows(lake, GUARDED, branch="r9")


def test_a_product_without_refusals_says_so(lake: Lake) -> None:
    with pytest.raises(StorageError, match="has no refused publication"):
        rejected_rows(lake, GUARDED)


def test_a_check_that_did_not_fail_is_named_with_those_that_did(lake: Lake) -> None:
    refuse(lake, -1)

    with pytest.raises(StorageError, match=r"check 'unknown' did not fail on audit-r1; failed are contract__"):
        rejected_rows(lake, GUARDED, check="unknown")
