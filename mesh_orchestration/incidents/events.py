"""What can open, escalate or close an incident: the facts of the event log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FreshnessState = Literal["PASS", "WARN", "FAIL", "UNKNOWN", "NOT_APPLICABLE"]


@dataclass(frozen=True)
class Finding:
    """What a failed check found: the expectation, what was observed against the threshold, and how many
    masked failing rows were kept; ``exception`` when it could not be evaluated at all."""

    check: str
    expectation: str = ""
    column: str = ""
    observed: str = ""
    threshold: str = ""
    rows: int | None = None
    unexpected: int | None = None
    sample: int = 0
    exception: str = ""

    def __str__(self) -> str:
        what = f"{self.expectation or self.check}" + (f" on column {self.column}" if self.column else "")
        if self.exception:
            return f"{what} could not be evaluated: {self.exception}"
        parts = [f"observed {self.observed}" if self.observed else ""]
        parts.append(f"threshold {self.threshold}" if self.threshold else "")
        if self.unexpected is not None:
            parts.append(f"{self.unexpected:,} of {self.rows:,} rows" if self.rows else f"{self.unexpected:,} rows")
        parts.append(f"{self.sample} masked samples kept" if self.sample else "")
        told = ", ".join(part for part in parts if part)
        return f"{what}: {told}" if told else f"{what} failed"


@dataclass(frozen=True)
class Happened:
    """Base of all events: its number in the event log (ascending) and its time (seconds since 1970, UTC)."""

    id: int
    at: float


@dataclass(frozen=True)
class CheckEvaluated(Happened):
    """A contract check passed or failed; ``blocking`` when its failure stops publication."""

    address: str
    run_id: str
    passed: bool
    blocking: bool
    finding: Finding


@dataclass(frozen=True)
class Published(Happened):
    """A snapshot of the product became visible to consumers."""

    address: str
    run_id: str


@dataclass(frozen=True)
class FreshnessChanged(Happened):
    """The product's age crossed a limit of its SLA."""

    address: str
    state: FreshnessState
    last_published: float | None = None


@dataclass(frozen=True)
class StepFailed:
    """One failed step of a run: ``subject`` is a product's address, a domain or ``location/job``; ``drift`` when a
    source or a model no longer has the shape that the contract expects."""

    subject: str
    assets: tuple[str, ...]
    error: str
    drift: bool = False


@dataclass(frozen=True)
class RunEnded(Happened):
    """A run ended. ``failures`` are its failed steps (none when it succeeded), ``done`` the assets whose
    step succeeded; both name assets as ``a/b/c``."""

    run_id: str
    job: str
    failures: tuple[StepFailed, ...] = ()
    done: tuple[str, ...] = ()


Event = CheckEvaluated | Published | FreshnessChanged | RunEnded
