"""Values are members of a set."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.ordering import fewer
from mesh_orchestration.expectations.predicate import Among, Column
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_map(
    args.VALUE_SET,
    order=(fewer("value_set"),),
    ask=lambda given: Rows((given["column"],), Among(Column(given["column"]), tuple(given["value_set"]))),
)
