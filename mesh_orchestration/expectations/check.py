"""One check of a contract and its outcome: the values every engine of the audit exchanges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warn"]


@dataclass(frozen=True)
class Check:
    """An expectation applied to one product.

    ``name`` is unique in the product, stable over time and ``[A-Za-z0-9_]+``; ``kwargs`` are Great
    Expectations' own arguments (``column``, ``mostly``, ``min_value`` …); ``path`` is the YAML path
    it came from.
    """

    name: str
    expectation: str
    kwargs: Mapping[str, Any]
    severity: Severity = "error"
    path: str = ""
    description: str = ""

    @property
    def column(self) -> str | None:
        value = self.kwargs.get("column")
        return str(value) if value is not None else None

    @property
    def mostly(self) -> float:
        """Share of the non-missing rows that must hold, 0 to 1."""
        return float(self.kwargs.get("mostly", 1.0))


@dataclass(frozen=True)
class CheckResult:
    """What a check found, with the meaning of GX's result fields.

    ``element_count`` rows, of which ``missing_count`` were null and ``unexpected_count`` broke the
    expectation; ``sample`` holds at most 20 broken values, already masked; ``how`` names the way
    that answered (schema, footer, dictionary, scan, query, unique, order, regex, gx); ``exception``
    is set when the check could not be evaluated, which counts as failed.
    """

    check: Check
    success: bool
    observed_value: Any = None
    element_count: int | None = None
    missing_count: int | None = None
    unexpected_count: int | None = None
    sample: tuple[Any, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    how: str = ""
    exception: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether this outcome stops publication."""
        return not self.success and self.check.severity == "error"
