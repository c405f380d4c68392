"""No combination of values occurs twice; missing values equal each other."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import multi_column
from mesh_orchestration.expectations.question import Duplicates

EXPECTATION = multi_column(ask=lambda given: Duplicates(tuple(given["column_list"]), args.ignore(given)))
