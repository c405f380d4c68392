"""What was published and refused, and how the checks went, one attempt after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True)
class Publication:
    """One attempt to publish. ``snapshot`` is None for a refusal that wrote no rows; ``branch`` is ``main`` or the
    audit branch that keeps refused rows; ``seconds`` is the run time, None when it is not known; ``rewrite`` says why
    rows were only taken out (``erasure``, ``retention``)."""

    address: str
    attempt: str
    snapshot: int | None
    branch: str
    at: datetime
    run_id: str
    published: bool
    version: str
    hash: str
    rows: int
    bytes: int
    seconds: float | None
    passed: int
    failed: int
    warned: int
    reasons: tuple[str, ...]
    inputs: Mapping[str, Any]
    rewrite: str
    policy_hash: str


@dataclass(frozen=True)
class Publications:
    """Some of the attempts, newest first, and how many there are."""

    publications: tuple[Publication, ...]
    total: int


@dataclass(frozen=True)
class Sample:
    """Rows that broke a check, masked as the contract says; ``note`` says why there are none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str


@dataclass(frozen=True)
class CheckPoint:
    """How a check went in one attempt; ``share`` is the failing share of the elements, None when it has none."""

    at: datetime
    attempt: str
    passed: bool
    published: bool
    unexpected: int | None
    elements: int | None
    observed: Any
    share: float | None


@dataclass(frozen=True)
class CheckHistory:
    """One check over time, oldest first; ``sample`` is of its newest failure whose rows were kept."""

    name: str
    expectation: str
    column: str
    severity: str
    points: tuple[CheckPoint, ...]
    sample: Sample | None

    @property
    def last(self) -> CheckPoint:
        return self.points[-1]


def publications(
    conn: Connection, address: str, *, published: bool | None = None, limit: int = 50, offset: int = 0
) -> Publications:
    """The attempts to publish a product; all, or only those that were (not) published."""
    raise NotImplementedError


def check_history(conn: Connection, address: str, *, check: str = "", limit: int = 60) -> tuple[CheckHistory, ...]:
    """Each check of a product, or one, in its last ``limit`` attempts; those that failed last come first."""
    raise NotImplementedError
