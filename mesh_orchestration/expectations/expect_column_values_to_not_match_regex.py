"""Values, written as text, contain no match of a regular expression."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.predicate import Column, Matches, Not
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_map(
    args.REGEX,
    ask=lambda given: Rows((given["column"],), Not(Matches(Column(given["column"]), given["regex"]))),
)
