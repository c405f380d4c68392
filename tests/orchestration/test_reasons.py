"""What is told of a step that failed."""

from __future__ import annotations

import dagster as dg
import pytest

from mesh_orchestration.errors import StorageError
from mesh_orchestration.orchestration.reasons import failure_text, in_dbts_words

DBT = """The dbt CLI process with command

`dbt build`

failed with exit code `1`. Check the stdout in the Dagster compute logs for the full information about the error.

Errors parsed from dbt logs:

7 of 7 ERROR creating sql table model inventory.daily_movements ................ [ERROR in 0.11s]
Failure in model daily_movements (models/marts/daily_movements.sql)
  This model has an enforced contract that failed.
\x20\x20
  > in macro assert_columns_equivalent (macros/relations/column/columns_spec_ddl.sql)
  > called by model daily_movements (models/marts/daily_movements.sql)"""


@dg.op
def full_warehouse() -> None:
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        raise StorageError("orders.orders.v1 cannot be written; make room, then run again") from error


@dg.op
def bug() -> None:
    try:
        raise KeyError("rows")
    except KeyError as error:
        raise RuntimeError("while counting") from error


@dg.op
def deliberate() -> None:
    raise dg.Failure("the source was late")


@pytest.mark.parametrize(
    ("op", "told"),
    [
        (full_warehouse, "orders.orders.v1 cannot be written; make room, then run again"),
        (bug, "KeyError: 'rows'"),
        (deliberate, "the source was late"),
    ],
)
def test_a_failed_step_says_what_was_written_for_people(op: dg.OpDefinition, told: str) -> None:
    job = dg.GraphDefinition("broken", node_defs=[op]).to_job()
    result = job.execute_in_process(raise_on_error=False)

    assert [failure_text(event) for event in result.get_step_failure_events()] == [told]


def test_dbt_is_quoted_without_its_progress_and_its_macros() -> None:
    assert in_dbts_words(DBT) == (
        "Failure in model daily_movements (models/marts/daily_movements.sql)\n"
        "  This model has an enforced contract that failed."
    )


def test_other_words_stay_as_they_are() -> None:
    assert in_dbts_words("> in macro economics") == "> in macro economics"
