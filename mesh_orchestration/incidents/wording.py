"""The lines of a timeline, in words and with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mesh_orchestration.incidents.signals import Change, Signal


def reason(signal: Signal) -> str:
    """What is wrong, in one line or a few."""
    if signal.findings:
        return "\n".join(f"{signal.subject}: {finding}" for finding in signal.findings)
    if signal.error:
        return f"{signal.subject}: {signal.error.strip()}"
    if signal.kind == "freshness":
        return f"{signal.subject} is {'close to the limit of' if signal.level == 'warn' else 'older than'} its SLA"
    return f"{signal.subject}: {', '.join(signal.failing) or signal.check or signal.kind}"


def clearing(change: Change, left: Sequence[Signal]) -> str:
    """What is well again, and what is not yet."""
    still = ", ".join(sorted({f"{one.subject} ({one.check or one.kind})" for one in left}))
    return f"{change.signal.subject} ({change.signal.check or change.signal.kind}) is well again; not yet: {still}"


def evidence(signal: Signal) -> dict[str, Any]:
    """What a reader of the timeline can follow up: the signal's own facts, without those that are empty."""
    facts = {
        "subject": signal.subject,
        "kind": signal.kind,
        "level": signal.level,
        "check": signal.check,
        "run": signal.run_id,
        "failing": list(signal.failing),
        "findings": [asdict(finding) for finding in signal.findings],
        "last_published": signal.last_published,
    }
    return {name: value for name, value in facts.items() if value}
