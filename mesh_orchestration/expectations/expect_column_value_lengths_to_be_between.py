"""Values, written as text, have a number of characters between two bounds."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.predicate import Column, Length, between
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_map(
    *args.COUNTS,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Rows(
        (given["column"],),
        between(
            Length(Column(given["column"])),
            given["min_value"],
            given["max_value"],
            strict_min=given["strict_min"],
            strict_max=given["strict_max"],
        ),
    ),
)
