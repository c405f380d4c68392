"""Values, written as text, have exactly this many characters."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.predicate import Column, Compare, Constant, Length
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_map(
    args.Argument("value", args.count, required=True),
    ask=lambda given: Rows(
        (given["column"],), Compare(Length(Column(given["column"])), "==", Constant(given["value"]))
    ),
)
