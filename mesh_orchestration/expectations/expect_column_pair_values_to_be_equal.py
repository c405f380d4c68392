"""The values of two columns are the same in each row."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_pair
from mesh_orchestration.expectations.predicate import Column, Compare
from mesh_orchestration.expectations.question import Rows

EXPECTATION = column_pair(
    ask=lambda given: Rows(
        (given["column_A"], given["column_B"]),
        Compare(Column(given["column_A"]), "==", Column(given["column_B"])),
        args.ignore(given),
    ),
)
