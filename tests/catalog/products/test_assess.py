"""What a product lacks of the six traits: only what was asked of it."""

from __future__ import annotations

from mesh_orchestration.catalog.assess import Evidence, assess
from tests.builders import product


def test_a_product_without_times_and_personal_data_lacks_neither_zone_nor_mask() -> None:
    plain = product(fields={"line_id": "long"})
    known = Evidence(plain, None, 0, 0, 0, False, None, None, 0, True, True, 1)
    facts = {fact.name: fact for trait in assess(known) for fact in trait.facts}
    assert (facts["times are instants"].share, facts["masks chosen"].share) == (1.0, 1.0)
    assert not any("UTC" in reason or "mask" in reason for trait in assess(known) for reason in trait.reasons)
