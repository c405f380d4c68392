"""Values never rise from one row to the next; missing values are passed over."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_map
from mesh_orchestration.expectations.ordering import strict_when
from mesh_orchestration.expectations.question import Disorder

EXPECTATION = column_map(
    args.STRICTLY,
    order=(strict_when("strictly", True),),
    ask=lambda given: Disorder(given["column"], strictly=given["strictly"], descending=True),
)
