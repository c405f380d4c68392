"""Every member of a set occurs in the column."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_members
from mesh_orchestration.expectations.ordering import more
from mesh_orchestration.expectations.question import Members

EXPECTATION = column_aggregate(
    args.VALUE_SET,
    order=(more("value_set"),),
    ask=lambda given: Members(given["column"], tuple(given["value_set"]), extra=False),
    judge=judge_members,
)
