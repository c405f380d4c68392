"""Signals: what is wrong now, from the events of the event log.

``fold`` is pure: the same signals and the same events give the same changes, so that a batch of events that is
read again after a crash changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from mesh_orchestration.incidents.events import (
    CheckEvaluated,
    Event,
    Finding,
    FreshnessChanged,
    Published,
    RunEnded,
    StepFailed,
)
from mesh_orchestration.incidents.model import Kind, Level

What = Literal["raised", "again", "worse", "cleared", "gone"]


@dataclass(frozen=True)
class Signal:
    """Something that is wrong until it is cleared.

    ``subject`` is a product's address, a domain, ``location/job`` or a part of the platform; ``check`` the check, the
    service level or the column that tells it from others of its kind; ``failing`` what has to be well again. ``at``
    is when it began (seconds since 1970). The rest is the evidence.
    """

    subject: str
    kind: Kind
    level: Level
    at: float
    check: str = ""
    run_id: str = ""
    failing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: str = ""
    last_published: float | None = None

    @property
    def key(self) -> str:
        """What makes it the same signal."""
        return f"{self.subject} {self.kind}" + (f" {self.check}" if self.check else "")

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Signal:
        """The signal that ``plain`` was made of."""
        findings = tuple(Finding(**one) for one in said["findings"])
        return cls(**{**said, "failing": tuple(said["failing"]), "findings": findings})

    @property
    def plain(self) -> dict[str, Any]:
        """The signal as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """A signal that was ``raised``, came ``again``, got ``worse``, was ``cleared``, or is ``gone`` because nothing
    is promised any more; ``at`` is when, ``run_id`` the run that did it."""

    signal: Signal
    what: What
    at: float
    run_id: str = ""


Signals = Mapping[str, Signal]


def fold(signals: Signals, events: Iterable[Event]) -> tuple[dict[str, Signal], tuple[Change, ...]]:
    """The signals after ``events`` (in the order of their ids), and what changed."""
    ordered = sorted(events, key=lambda event: event.id)
    state = _Fold(dict(signals), [], _refusals(ordered))
    for event in ordered:
        state.take(event)
    return state.open, tuple(state.changes)


def compare(signals: Signals, now: Iterable[Signal], *, at: float) -> tuple[Change, ...]:
    """What changed between the ``signals`` of a source and those that it has ``now``; what is only still so is no
    change."""
    found = {signal.key: signal for signal in now}
    changes = [Change(signals[key], "cleared", at) for key in signals.keys() - found.keys()]
    for key, signal in found.items():
        known = signals.get(key)
        if known is None:
            changes.append(Change(signal, "raised", at, signal.run_id))
        elif (known.level, signal.level) == ("warn", "error"):
            changes.append(Change(signal, "worse", at, signal.run_id))
    return tuple(changes)


def _refusals(events: Iterable[Event]) -> dict[tuple[str, str], tuple[Finding, ...]]:
    """The failed blocking checks of each (run, address): together they are one cause."""
    found: dict[tuple[str, str], tuple[Finding, ...]] = {}
    for event in events:
        if isinstance(event, CheckEvaluated) and event.blocking and not event.passed:
            key = (event.run_id, event.address)
            found[key] = (*found.get(key, ()), event.finding)
    return found


@dataclass
class _Fold:
    open: dict[str, Signal]
    changes: list[Change]
    refusals: Mapping[tuple[str, str], tuple[Finding, ...]]

    def take(self, event: Event) -> None:
        if isinstance(event, CheckEvaluated):
            self._check(event)
        elif isinstance(event, Published):
            self._published(event)
        elif isinstance(event, FreshnessChanged):
            self._freshness(event)
        else:
            self._run(event)

    def _check(self, event: CheckEvaluated) -> None:
        if event.passed:
            self._passed(event)
            return
        name, run = event.finding.check, event.run_id
        if not event.blocking:
            found = (event.finding,)
            self._raise(Signal(event.address, "check", "warn", event.at, name, run, (name,), findings=found))
            return
        known = self.open.get(f"{event.address} contract")
        if known and known.run_id == run:
            return  # told with the first failed check of this run
        findings = self.refusals[run, event.address]
        failing = tuple(sorted({finding.check for finding in findings}))
        self._raise(Signal(event.address, "contract", "error", event.at, "", run, failing, findings))

    def _passed(self, event: CheckEvaluated) -> None:
        name = event.finding.check
        self._clear(f"{event.address} check {name}", event, event.run_id)
        key = f"{event.address} contract"
        signal = self.open.get(key)
        if signal is None or (event.run_id, event.address) in self.refusals or signal.run_id == event.run_id:
            return
        failing = tuple(check for check in signal.failing if check != name)
        self.open[key] = replace(signal, failing=failing)
        if not failing:
            self._clear(key, event, event.run_id)

    def _published(self, event: Published) -> None:
        for kind in ("run", "drift"):
            self._clear(f"{event.address} {kind}", event, event.run_id)
        if (event.run_id, event.address) not in self.refusals:
            self._clear(f"{event.address} contract", event, event.run_id)

    def _freshness(self, event: FreshnessChanged) -> None:
        key = f"{event.address} freshness"
        if event.state in ("WARN", "FAIL"):
            level: Level = "warn" if event.state == "WARN" else "error"
            self._raise(Signal(event.address, "freshness", level, event.at, last_published=event.last_published))
        elif event.state == "PASS":
            self._clear(key, event)
        elif event.state == "NOT_APPLICABLE" and (signal := self.open.pop(key, None)):
            self.changes.append(Change(signal, "gone", event.at))

    def _run(self, event: RunEnded) -> None:
        done = {*event.done} if event.failures else {*event.done, event.job}
        for key, signal in list(self.open.items()):
            if signal.kind in ("run", "drift"):
                left = tuple(name for name in signal.failing if name not in done)
                self.open[key] = replace(signal, failing=left)
                if not left:
                    self._clear(key, event, event.run_id)
        for failure in event.failures:
            refused = self.open.get(f"{failure.subject} contract")
            if refused and refused.run_id == event.run_id:
                continue  # the refused publication is the cause, and it was told
            self._failed(event, failure)

    def _failed(self, event: RunEnded, failure: StepFailed) -> None:
        kind: Kind = "drift" if failure.drift else "run"
        failing = failure.assets or (event.job,)
        new = Signal(failure.subject, kind, "error", event.at, "", event.run_id, failing, error=failure.error)
        known = self.open.get(new.key)
        self._raise(replace(new, failing=tuple(sorted({*known.failing, *failing}))) if known else new)

    def _raise(self, new: Signal) -> None:
        known = self.open.get(new.key)
        if known is None:
            self.open[new.key] = new
            self.changes.append(Change(new, "raised", new.at, new.run_id))
            return
        worse = known.level == "warn" and new.level == "error"
        level: Level = (
            "error" if "error" in (known.level, new.level) else "warn"
        )  # it never gets better while it is open
        self.open[new.key] = replace(new, at=known.at, level=level, run_id=new.run_id or known.run_id)
        self.changes.append(Change(self.open[new.key], "worse" if worse else "again", new.at, new.run_id))

    def _clear(self, key: str, event: Event, run_id: str = "") -> None:
        signal = self.open.pop(key, None)
        if signal is not None:
            self.changes.append(Change(signal, "cleared", event.at, run_id))
