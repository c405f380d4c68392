"""The policies as one of a product's checks."""

from __future__ import annotations

from mesh_orchestration.expectations.check import Check

POLICY_CHECK = Check(
    name="policies",
    expectation="policies",
    kwargs={},
    description="No policy of the mesh or of the domain denies the contract or what was written.",
)
"""The check that stands for all policies; a product has it when its mesh has policies."""
