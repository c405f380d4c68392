"""The value of one column is greater than that of another in the same row."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_pair
from mesh_orchestration.expectations.ordering import strict_when
from mesh_orchestration.expectations.predicate import Column, Compare
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_pair(
    args.Argument("or_equal", args.flag, default=False),
    order=(strict_when("or_equal", False),),
    ask=lambda given: Rows(
        (given["column_A"], given["column_B"]),
        Compare(Column(given["column_A"]), ">=" if given["or_equal"] else ">", Column(given["column_B"])),
        args.ignore(given),
    ),
)
