"""The checks of a contract in words, by their names and by the column that they are about."""

from __future__ import annotations

from collections.abc import Mapping

from mesh_orchestration.compile.checks import contract_checks
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.expectations.wording import in_words
from mesh_orchestration.governance.check import POLICY_CHECK


def said(product: DataProduct | None) -> dict[str, str]:
    """Each check of a contract in one line, by its name; none of a product that is gone."""
    if product is None:
        return {}
    found = {check.name: in_words(check.expectation, check.kwargs) for check in contract_checks(product)}
    return found | {POLICY_CHECK.name: "no policy denies it"}


def by_column(product: DataProduct) -> Mapping[str, Mapping[str, str]]:
    """What is promised of each column, by the name of the check: ``not null``, ``at least 0``."""
    found: dict[str, dict[str, str]] = {name: {} for name in product.columns}
    for check in contract_checks(product):
        if check.column in found:
            words = in_words(check.expectation, check.kwargs)
            found[check.column][check.name] = words.removeprefix(f"{check.column} ").removeprefix("is ")
    return found
