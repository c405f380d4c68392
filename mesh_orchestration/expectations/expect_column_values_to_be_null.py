"""Values are missing; counted over all rows."""

from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.predicate import Column, Missing
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_map(
    ask=lambda given: Rows((given["column"],), Missing(Column(given["column"])), ignore="never", missing_counts=False)
)
