"""The table has exactly this many rows."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import Expectation
from mesh_orchestration.expectations.question import Measure, Verdict

EXPECTATION = Expectation(
    domain="table",
    arguments=(args.Argument("value", args.count, required=True),),
    ask=lambda _: Measure("rows"),
    judge=lambda given, reading: Verdict(reading.value == given["value"], reading.value),
)
