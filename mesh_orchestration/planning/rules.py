"""The rules of a plan: the stable word of each finding, and what it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RULES: Mapping[str, str] = MappingProxyType(
    {
        "contract-broken": "A contract is wrong, so nothing can be planned for it.",
        "breaking-change": "A change breaks who reads by the old version, and needs a new major version.",
        "version-too-small": "The version rises less than the change needs.",
        "product-removed": "A product is taken away that somebody still consumes.",
        "expectation-unmet": "A consumer relies on something that it would not get any more.",
        "not-acknowledged": "A consumer reads what changes, and its domain has not agreed.",
        "acknowledgement-broken": "An acknowledgement is wrong, so it agrees to nothing.",
        "acknowledgement-void": "An acknowledgement does not count for this change.",
        "table-cannot-evolve": "The published table cannot become what the contract says.",
        "policy-denied": "A policy denies a contract, a file around it, or a deployment.",
        "policy-warned": "A policy advises against a contract, a file around it, or a deployment.",
        "policy-failed": "The policies cannot be evaluated, which denies.",
        "rename-suspected": "A product looks like one that is gone, under another name.",
        "base-broken": "A contract was wrong at the commit compared with, so there is no telling what changed.",
        "lake-unreadable": "The lake cannot be asked, so contracts stand for what is published.",
        "contract-changed": "What a contract says changed.",
    }
)
"""What each rule finds, by its word. A word is never reused for something else."""
