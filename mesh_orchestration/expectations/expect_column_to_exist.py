"""The table has a column of this name; an index of 0 is not looked at, as in Great Expectations."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import Expectation
from mesh_orchestration.expectations.question import Names, Verdict

EXPECTATION = Expectation(
    domain="table",
    arguments=(args.COLUMN, args.Argument("column_index", args.count)),
    ask=lambda _: Names(),
    judge=lambda given, reading: Verdict(
        reading.value[given["column_index"] : given["column_index"] + 1] == (given["column"],)
        if given["column_index"]
        else given["column"] in reading.value
    ),
)
