"""The column has a type, named in the contract's, pandas', Arrow's or SQL's words."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map, judge_type
from mesh_orchestration.expectations.question import Typed

EXPECTATION = column_map(
    args.Argument("type_", args.text, required=True), ask=lambda given: Typed(given["column"]), judge=judge_type
)
