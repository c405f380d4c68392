"""The table has a column of this name."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import Expectation
from mesh_orchestration.expectations.question import Names, Verdict

EXPECTATION = Expectation(
    domain="table",
    arguments=(args.COLUMN, args.Argument("column_index", args.count)),
    ask=lambda _: Names(),
    judge=lambda given, reading: Verdict(
        given["column"] in reading.value and given["column_index"] in (None, reading.value.index(given["column"]))
    ),
)
