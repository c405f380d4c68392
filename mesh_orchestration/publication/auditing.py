"""How the files of a snapshot are judged by the contract, and how the outcome is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.storage.stamp import Verdict, shorten


def audit_contract(product: DataProduct, paths: Sequence[Path], now: datetime, *, key: str) -> tuple[CheckResult, ...]:
    """The outcome of every check of the contract on Parquet files; samples are masked, keyed with ``key``."""
    from mesh_orchestration.audit import ParquetData, audit
    from mesh_orchestration.compile.checks import contract_checks

    masks = {field.name: field.mask for field in product.fields if field.mask}
    return audit(contract_checks(product), ParquetData(tuple(paths)), now=now, masks=masks, masking_key=key)


def verdict_of(result: CheckResult, product: DataProduct) -> Verdict:
    """What the snapshot remembers of a result; nothing observed in a masked column is written down."""
    check = result.check
    columns = [check.column, *(value for key, value in check.kwargs.items() if key.startswith("column"))]
    named = [one for value in columns for one in (value if isinstance(value, list | tuple) else [value])]
    masked = any(one in product.columns and product.columns[one].mask for one in named)
    return Verdict(
        name=check.name,
        expectation=check.expectation,
        column=check.column,
        severity=check.severity,
        success=result.success,
        unexpected_count=result.unexpected_count,
        element_count=result.element_count,
        observed=None if masked else shorten(result.observed_value),
    )


def result_of(verdict: Verdict) -> CheckResult:
    """The result that a verdict remembers: without sample, details and arguments but the column."""
    check = Check(
        name=verdict.name,
        expectation=verdict.expectation,
        kwargs={"column": verdict.column} if verdict.column else {},
        severity="warn" if verdict.severity == "warn" else "error",
    )
    return CheckResult(
        check=check,
        success=verdict.success,
        observed_value=verdict.observed,
        element_count=verdict.element_count,
        unexpected_count=verdict.unexpected_count,
    )


def reason_of(result: CheckResult) -> str:
    """Why a failed check refuses the publication, in one sentence."""
    check = result.check
    where = f" on column {check.column}" if check.column else ""
    if result.exception:
        found = f"could not be evaluated: {result.exception}"
    elif result.unexpected_count is not None and result.element_count:
        found = f"found {result.unexpected_count:,} unexpected of {result.element_count:,} rows"
    else:
        found = f"observed {shorten(result.observed_value)}"
    return f"check {check.name} ({check.expectation}{where}) {found}"
