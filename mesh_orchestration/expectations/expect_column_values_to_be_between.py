"""Values lie between two bounds; texts compare by code point, texts against times are read as times."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.predicate import Column, between
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_map(
    *args.BOUNDS,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Rows(
        (given["column"],),
        between(
            Column(given["column"]),
            given["min_value"],
            given["max_value"],
            strict_min=given["strict_min"],
            strict_max=given["strict_max"],
        ),
    ),
)
