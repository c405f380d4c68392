"""Every combination of values is shared by at least ``k`` rows, so that no row stands out by them.

The mesh's own; Great Expectations has no such expectation. A row that shares its combination with fewer
rows is unexpected. Missing values equal each other, and no row is left out. k-anonymity: L. Sweeney (2002).
"""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import Expectation
from mesh_orchestration.expectations.ordering import larger, more
from mesh_orchestration.expectations.question import Rare

EXPECTATION = Expectation(
    domain="multi column",
    arguments=(args.IDENTIFYING, args.K, args.MOSTLY),
    ask=lambda given: Rare(tuple(given["column_list"]), given["k"]),
    order=(larger("k"), more("column_list")),
    foreign=False,
)
