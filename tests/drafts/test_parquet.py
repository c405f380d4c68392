from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.errors import SourceError
from mesh_orchestration.replay.tables import dataset
from mesh_orchestration.settings import Settings
from tests.drafts.drafting import accepted, comments, constraints, drafted, fields, finished, load

DATASETS = {
    "transactions": ("basket_id", "product_id"),
    "promotions": (),
    "products": ("product_id",),
    "demographics": ("household_id",),
    "campaign_descriptions": ("campaign_id",),
    "campaigns": ("campaign_id", "household_id"),
    "coupons": (),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id", "redemption_date"),
}

CENTS = "never more than 2 decimals: decimal(12,2) if money"


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.mark.parametrize(("name", "key"), DATASETS.items())
def test_a_year_of_a_grocer_drafts_into_contracts_that_load(
    name: str, key: tuple[str, ...], settings: Settings
) -> None:
    found = drafted(dataset(name), settings, rows=200_000)
    stated = finished(found, settings)
    assert tuple(field.name for field in stated.fields if field.constraints.primary_key) == key
    assert found.to_fill_in == (
        "metadata.domain", "metadata.description", "spec.owner", "spec.sla.freshness",
    )  # fmt: skip


def test_taking_every_suggestion_over_gives_a_contract_that_loads(settings: Settings) -> None:
    found = drafted(dataset("demographics"), settings)
    text = accepted(found.text(domain="shop", product="things", owner="team:shop", description="One row per one."))
    household, age, *_ = load(text, settings).fields
    assert (household.mask, household.constraints.primary_key, household.constraints.min) == ("hash", True, 1)
    assert (age.mask, age.constraints.null) == ("generalise", False)


def test_types_keys_and_what_the_rows_say(tmp_path: Path, settings: Settings) -> None:
    path = write(
        tmp_path / "Ticket Sales.parquet",
        {
            "ticket_id": pa.array([1, 2, 3, 4], pa.int64()),
            "seat": pa.array([1, 2, 2, None], pa.int16()),
            "price": pa.array([Decimal("1.50"), Decimal("2.00"), None, Decimal("0.00")], pa.decimal128(12, 2)),
            "paid": [1.25, 2.5, 3.0, 4.75],
            "sold_at": pa.array(
                [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)], pa.timestamp("ns", "UTC")
            ),
            "tags": [["a"], [], None, ["b"]],
            "nothing": pa.array([None] * 4, pa.string()),
        },
    )
    found = drafted(path, settings)
    assert fields(found) == {
        "ticket_id": "long", "seat": "integer", "price": "decimal(12,2)", "paid": "double",
        "sold_at": "timestamptz", "tags": "array<string>", "nothing": "string",
    }  # fmt: skip
    assert constraints(found) == {"ticket_id": {"primary_key": True}}
    assert comments(found, "seat") == [
        "observed: 1 … 2, 25.0% null (1 of 4 rows), 2 distinct",
        "constraints: {min: 1}",
    ]
    assert comments(found, "price")[0] == "observed: 0.00 … 2.00, 25.0% null (1 of 4 rows), about 3 distinct"
    assert comments(found, "paid") == [
        f"observed: 1.25 … 4.75, no nulls in 4 rows, about 4 distinct, {CENTS}",
        'constraints: {"null": false, min: 0}',
    ]
    assert comments(found, "nothing") == ["observed: nothing but nulls in 4 rows"]
    assert found.notes["spec", "sla", "freshness"][0] == "event_time: sold_at"
    assert found.port == {
        "name": "ticket_sales", "type": "batch", "path": str(path), "format": "parquet", "key": ["ticket_id"],
        "columns": fields(found),
    }  # fmt: skip


def test_a_file_below_the_landing_folder_is_named_relative_to_it(settings: Settings) -> None:
    folder = settings.landing_dir / "till"
    folder.mkdir(parents=True)
    write(folder / "1.parquet", {"id": [1, 2]})
    found = drafted(f"{folder}/*.parquet", settings)
    assert not any(line.startswith("inputs:") for line in found.to_decide)
    port = found.port
    assert port is not None
    assert (port["name"], port["path"]) == ("till", "till/*.parquet")


def test_values_of_columns_that_sound_personal_are_not_quoted(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path / "p.parquet", {"email": ["ann@x.org"] * 20, "birth_year": [1970] * 20, "id": range(20)})
    text = drafted(path, settings).text()
    assert ("ann" in text, "1970" in text, "1,970" in text) == (False, False, False)
    assert comments(drafted(path, settings), "email") == [
        "observed: no nulls in 20 rows, 1 distinct",
        'constraints: {"null": false}',
        "personal, judging by its name alone:",
        "pii: true",
        "masking: hash",
    ]
    assert all(column.observed and not column.observed.values for column in drafted(path, settings).columns[:2])


def test_a_closed_set_of_values_is_suggested_as_one(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path / "p.parquet", {"status": ["open", "closed: yes"] * 20, "iso": ["DE", "FR", "GB", "IT"] * 10})
    found = drafted(path, settings)
    assert comments(found, "status")[1] == "constraints: {\"null\": false, enum: ['closed: yes', open]}"
    assert comments(found, "iso")[1] == 'constraints: {"null": false, enum: [DE, FR, GB, IT]}'


def test_types_without_a_word_are_left_out_with_the_way_out(tmp_path: Path, settings: Settings) -> None:
    path = write(
        tmp_path / "p.parquet",
        {
            "id": [1, 2],
            "place": [{"lat": 1.0}, {"lat": 2.0}],
            "labels": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
            "huge": pa.array([1, 2], pa.uint64()),
        },
    )
    found = drafted(path, settings)
    assert fields(found) == {"id": "long"}
    assert found.to_decide[:3] == (
        "left out place: STRUCT(lat DOUBLE) is no type of a contract; make a column of each part (select x.a as x_a)",
        "left out labels: MAP(VARCHAR, BIGINT) is no type of a contract; make a column of each key that matters",
        "left out huge: UBIGINT is no type of a contract; write it as decimal(20,0), which holds every value",
    )


def test_nothing_that_a_contract_can_hold_is_an_error(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path / "p.parquet", {"place": [{"lat": 1.0}]})
    with pytest.raises(SourceError, match="no column that a contract can hold: STRUCT"):
        drafted(path, settings)


def test_of_a_large_file_nulls_and_ranges_are_those_of_all_rows(tmp_path: Path, settings: Settings) -> None:
    rows = 1000
    path = write(
        tmp_path / "p.parquet",
        {
            "id": range(rows),
            "day": [datetime(2026, 1, 1 + row // 100, tzinfo=UTC).date() for row in range(rows)],
            "note": [None if row % 2 else "x" for row in range(rows)],
            "late": [None] * 500 + list(range(500)),
        },
        row_group_size=100,
    )
    found = drafted(path, settings, rows=150)
    assert comments(found, "id")[0] == "observed: 0 … 999, no nulls in 1,000 rows, 150 distinct"
    assert comments(found, "day")[0] == "observed: 2026-01-01 … 2026-01-10, no nulls in 1,000 rows, about 2 distinct"
    assert comments(found, "note")[0] == "observed: always 'x', 50.0% null (500 of 1,000 rows), 1 distinct"
    assert comments(found, "late")[0] == "observed: 0 … 499, 50.0% null (500 of 1,000 rows)"
    assert "distinct values, sets and keys are those of the first 150 of 1,000 rows" in found.to_decide
    assert found.rows == rows


def test_files_of_a_pattern_are_read_as_one(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "sales [2026]"
    folder.mkdir()
    write(folder / "1.parquet", {"id": [1, 2]})
    write(folder / "2.parquet", {"id": [2, 3]})
    write(folder / "_3.parquet", {"other": [1]})
    pattern = f"{tmp_path}/sales [[]2026]/*.parquet"
    found = drafted(pattern, settings)
    assert (found.rows, constraints(found)) == (4, {})
    assert comments(found, "id")[0] == "observed: 1 … 3, no nulls in 4 rows, 3 distinct"


def test_files_of_a_pattern_that_differ_are_refused_by_name(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path / "1.parquet", {"id": [1]})
    write(tmp_path / "2.parquet", {"id": ["a"]})
    with pytest.raises(SourceError, match=r"2\.parquet: column id is VARCHAR, but BIGINT in 1\.parquet"):
        drafted(f"{tmp_path}/*.parquet", settings)


def test_a_file_without_rows_still_has_types(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path / "p.parquet", {"id": pa.array([], pa.int32()), "when": pa.array([], pa.timestamp("us"))})
    found = drafted(path, settings)
    assert (fields(found), found.rows) == ({"id": "integer", "when": "timestamp"}, 0)
    assert comments(found, "id") == ["observed: no rows"]


@pytest.mark.parametrize(("content", "said"), [(b"", "cannot be read as Parquet"), (b"id,name\n1,a\n", "as Parquet")])
def test_what_is_no_parquet_is_refused(content: bytes, said: str, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        drafted(path, settings)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing.parquet", "missing.parquet: does not exist"),
        ("*.parquet", "matches no file"),
        ("notes.txt", "is of no kind that is known by its name; say --kind, one of avro, csv, dbt"),
        (".", "is a folder but no dbt project"),
        ("postgresql://me:secret@host/db", r"^postgresql://host/db: is a URL; say postgresql and --table"),
    ],
)
def test_what_is_no_source_is_said_so(source: str, said: str, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match=said):
        drafted(source if "://" in source else f"{tmp_path}/{source}".removesuffix("/."), settings)


def test_an_unknown_kind_is_answered_with_the_nearest(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(SourceError, match="'parket' is not a kind of source; did you mean 'parquet'"):
        drafted(tmp_path / "x", settings, kind="parket")
