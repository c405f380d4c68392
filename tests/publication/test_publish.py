"""Write, audit, publish on a real lake: what consumers read after each of the ways it can go."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from mesh_orchestration.errors import EngineError
from mesh_orchestration.expectations.check import CheckResult
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.snapshots import history, published, rejected
from mesh_orchestration.storage.stamp import Verdict
from tests.builders import FIELDS, product
from tests.publication.publishing import (
    NOW,
    ORDERS,
    POSITIVE,
    amounts_of,
    copy_to,
    exported,
    files_on_disk,
    no_negative_amounts,
    publish_orders,
    served,
)


def test_the_first_publication_is_what_consumers_read(lake: Lake) -> None:
    publication = publish_orders(lake, 1, 2, run="r1")

    assert publication.published
    assert publication.rows == 2
    assert publication.previous is None
    assert served(lake) == [1, 2]


def test_a_publication_replaces_all_rows(lake: Lake) -> None:
    first = publish_orders(lake, 1, 2, run="r1")
    second = publish_orders(lake, 3, run="r2")

    assert served(lake) == [3]
    assert second.previous == first.snapshot_id
    assert [one.rows for one in history(lake, ORDERS.address)] == [1, 2]


def test_an_empty_result_is_published_with_its_columns(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    publication = publish_orders(lake, run="r2")

    assert publication.published
    assert publication.rows == 0
    assert served(lake) == []
    assert not any("r2-" in str(path) for path in files_on_disk(lake))


def test_an_export_of_several_files_is_one_snapshot(lake: Lake) -> None:
    publish_orders(lake, run="r1", export=exported(1, 2, 3, files=2))

    assert served(lake) == [1, 2, 3]


def test_the_same_run_publishes_once(lake: Lake) -> None:
    first = publish_orders(lake, 1, run="r1")
    again = publish_orders(lake, 2, run="r1")

    assert again.repeated
    assert again.snapshot_id == first.snapshot_id
    assert again.results[0].success
    assert served(lake) == [1]


def test_a_late_retry_of_an_older_run_does_not_bring_its_rows_back(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    publish_orders(lake, 2, run="r2")

    assert publish_orders(lake, 1, run="r1").repeated
    assert served(lake) == [2]


def test_a_refused_publication_keeps_the_last_good_and_the_next_good_one_recovers(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    refused = publish_orders(lake, 2, -3, run="r2")

    assert not refused.published
    assert refused.reasons == (
        ("check positive_amount (expect_column_values_to_be_between on column amount) "
        "found 1 unexpected of 2 rows"),
    )  # fmt: skip
    assert served(lake) == [1]

    assert publish_orders(lake, 4, run="r3").published
    assert served(lake) == [4]


def test_refused_rows_stay_on_their_branch_for_inspection(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    publish_orders(lake, 2, -3, run="r2")
    publish_orders(lake, -4, run="r3")

    kept = rejected(lake, ORDERS.address)
    assert [(one.branch, one.published) for one in kept] == [("audit-r3", False), ("audit-r2", False)]
    assert amounts_of(lake, kept[1]) == [-3, 2]


def test_a_refused_first_publication_serves_nothing(lake: Lake) -> None:
    publish_orders(lake, -1, run="r1")
    assert published(lake, ORDERS.address) is None

    publish_orders(lake, 1, run="r2")
    assert served(lake) == [1]


def test_a_retry_of_a_refused_run_is_audited_again(lake: Lake) -> None:
    publish_orders(lake, -1, run="r1")
    assert publish_orders(lake, 1, run="r1").published

    assert served(lake) == [1]
    assert rejected(lake, ORDERS.address) == ()


def test_a_failed_check_of_severity_warn_does_not_refuse(lake: Lake) -> None:
    def warns(*asked: object) -> tuple[CheckResult, ...]:
        return (CheckResult(dataclasses.replace(POSITIVE, severity="warn"), success=False, unexpected_count=1),)

    publication = publish_orders(lake, -1, run="r1", audit=warns)

    assert publication.published
    assert served(lake) == [-1]


def test_a_check_that_cannot_be_evaluated_refuses(lake: Lake) -> None:
    def breaks(*asked: object) -> tuple[CheckResult, ...]:
        return (CheckResult(POSITIVE, success=False, exception="no such function"),)

    publication = publish_orders(lake, 1, run="r1", audit=breaks)

    assert not publication.published
    assert publication.reasons[0].endswith("could not be evaluated: no such function")


def test_a_drifted_mart_is_refused_with_the_engines_words(lake: Lake) -> None:
    def drifted(directory: Path) -> list[Path]:
        raise EngineError("orders.order_lines: column amount is text, the contract says decimal(12,2)")

    publish_orders(lake, 1, run="r1")
    publication = publish_orders(lake, run="r2", export=drifted)

    assert not publication.published
    assert publication.reasons == ("orders.order_lines: column amount is text, the contract says decimal(12,2)",)
    assert publication.branch == ""
    assert served(lake) == [1]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select 'a' as order_id, 'b' as amount, now() as event_ts", "amount"),
        ("select 'a' as order_id, 1::decimal(12,2) as amount, now() as event_ts, 1 as surplus", "surplus"),
    ],
)
def test_files_that_are_not_what_the_contract_says_are_refused(lake: Lake, query: str, said: str) -> None:
    def wrong(directory: Path) -> list[Path]:
        copy_to(directory / "wrong.parquet", query)
        return [directory / "wrong.parquet"]

    publication = publish_orders(lake, run="r1", export=wrong)

    assert not publication.published
    assert said in publication.reasons[0]
    assert not any(path.suffix == ".parquet" for path in files_on_disk(lake))


def test_an_export_that_writes_nothing_is_refused(lake: Lake) -> None:
    publication = publish_orders(lake, run="r1", export=lambda directory: ())

    assert not publication.published
    assert "wrote no file" in publication.reasons[0]


def test_an_export_may_not_hand_in_files_from_elsewhere(lake: Lake, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.parquet"
    copy_to(elsewhere, "select 1 as order_id")

    publication = publish_orders(lake, run="r1", export=lambda directory: (elsewhere,))

    assert not publication.published
    assert elsewhere.exists()


def test_an_error_while_exporting_leaves_nothing_behind(lake: Lake) -> None:
    def broken(directory: Path) -> list[Path]:
        copy_to(directory / "half.parquet", "select 1 as order_id")
        raise RuntimeError("the engine went away")

    with pytest.raises(RuntimeError, match="went away"):
        publish_orders(lake, run="r1", export=broken)

    assert not any(path.suffix == ".parquet" for path in files_on_disk(lake))


def test_the_snapshot_says_who_wrote_it_from_what_and_what_the_audit_found(lake: Lake) -> None:
    inputs = {"transactions": {"watermark": "2026-11-20", "batch": "b7"}, "catalog": {"snapshot": "42"}}
    publication = publish_orders(lake, 1, 2, run="r1", input_snapshots=inputs)

    snapshot = published(lake, ORDERS.address)
    assert snapshot is not None
    assert snapshot.timestamp - NOW < timedelta(minutes=1)
    assert dataclasses.replace(snapshot, timestamp=NOW) == dataclasses.replace(
        snapshot,
        snapshot_id=publication.snapshot_id,
        timestamp=NOW,
        parent=None,
        run_id="r1",
        contract_version="1.0.0",
        contract_hash=ORDERS.fingerprint,
        rows=2,
        published=True,
        branch="main",
        reasons=(),
        input_snapshots=inputs,
        verdicts=(
            Verdict(
                "positive_amount", "expect_column_values_to_be_between", "amount", "error", True, 0, 2, "1.00"
            ),
        ),
    )  # fmt: skip


def test_nothing_observed_in_a_masked_column_is_written_down(lake: Lake) -> None:
    secret = product(fields=FIELDS | {"amount": {"type": "decimal(12,2)", "pii": True}})
    publish_orders(lake, 1, run="r1", contract=secret)

    snapshot = published(lake, ORDERS.address)
    assert snapshot is not None
    assert [verdict.observed for verdict in snapshot.verdicts] == [None]


def test_progress_is_told_stage_by_stage(lake: Lake) -> None:
    heard: list[str] = []
    publish_orders(lake, 1, run="r1", observer=heard.append)

    assert heard == ["prepare", "export", "write", "audit", "publish", "tidy", "done"]


def test_nothing_but_the_snapshot_is_left_of_a_publication(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")

    table = lake.table(ORDERS.address)
    assert table is not None
    assert list(table.metadata.refs) == ["main"]
    assert len(table.metadata.snapshots) == 1
    assert len([path for path in files_on_disk(lake) if path.suffix in {".parquet", ".avro"}]) == 3


def test_other_readers_of_iceberg_see_the_same_rows(lake: Lake) -> None:
    publish_orders(lake, 1, 2, run="r1")
    publish_orders(lake, 3, run="r2")

    table = lake.table(ORDERS.address)
    assert table is not None
    assert table.scan().to_arrow().column("amount").to_pylist() == [3]
    assert table.inspect.files().num_rows == 1
    assert [one["operation"] for one in table.inspect.snapshots().to_pylist()] == ["overwrite", "overwrite"]


def test_a_run_id_that_cannot_be_a_branch_is_a_mistake_of_the_caller(lake: Lake) -> None:
    with pytest.raises(ValueError, match="run id"):
        PublishRequest(lake=lake, run_id="a/b", now=NOW)


def test_products_share_a_lake(lake: Lake) -> None:
    other = product("billing.order_lines.v1")
    publish_orders(lake, 1, run="r1")
    publish(other, exported(2), request=PublishRequest(lake=lake, run_id="r1", now=NOW, audit=no_negative_amounts))

    assert (served(lake), served(lake, other.address)) == ([1], [2])
