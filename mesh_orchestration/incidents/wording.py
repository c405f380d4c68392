"""Incidents in words: what is wrong in one line, and the lines of a timeline with their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mesh_orchestration.incidents.model import Incident
from mesh_orchestration.incidents.signals import Change, Signal

_NOTHING: Mapping[str, str] = {}


def headline(incident: Incident, said: Mapping[str, str] = _NOTHING) -> str:
    """What is wrong, in one short line; ``said`` are checks in words, by their names."""
    check = incident.check
    if incident.kind == "contract":
        return f"Not published: {_checks(incident.failing, said)}"
    if incident.kind == "check":
        return f"Published with a warning: {_checks((check,), said)}"
    if incident.kind == "freshness":
        return "Close to the limit of its freshness" if incident.level == "warn" else "Older than its freshness allows"
    if incident.kind == "sla":
        return f"Service level broken: {check.replace('_', ' ')}"
    if incident.kind == "anomaly":
        return f"Unusual {check.replace('_', ' ')}"
    if incident.kind == "drift":
        return "Its source or model changed its shape"
    if incident.kind == "run":
        return "A run failed"
    return f"Part of the platform does not work: {check or incident.subject}"


def _checks(names: Sequence[str], said: Mapping[str, str]) -> str:
    """The first of some checks in words, and how many more there are."""
    if not names:
        return "the contract is broken"
    first = said.get(names[0]) or names[0].removeprefix("contract__").replace("__", " ")
    more = len(names) - 1
    return f"\u201c{first}\u201d {f'and {more} more do' if more else 'does'} not hold"


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
