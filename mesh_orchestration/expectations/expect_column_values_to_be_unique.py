"""No value occurs twice; every row of a repeated value counts as unexpected."""

from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.question import Duplicates

EXPECTATION = column_map(ask=lambda given: Duplicates((given["column"],)))
