"""Deciding: every rule that concerns a document, with its mode today and the waivers that hold.

A rule that cannot be evaluated, or answers with something else than findings, denies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from mesh_orchestration.governance.bundle import Bundle, Rule
from mesh_orchestration.governance.documents import Judged
from mesh_orchestration.governance.engine import Asked, Engine, Value
from mesh_orchestration.governance.waivers import Waiver

Outcome = Literal["deny", "warn", "dry-run", "waived"]


@dataclass(frozen=True)
class Verdict:
    """One finding of one rule about one subject, and what comes of it. ``path`` is the place in ``file``;
    ``waiver`` the file that waives it, or that did until it expired."""

    code: str
    title: str
    subject: str
    domain: str
    file: str
    path: str
    message: str
    fix: str
    outcome: Outcome
    waiver: str = ""

    @property
    def denies(self) -> bool:
        return self.outcome == "deny"

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


def decide(
    bundle: Bundle, engine: Engine, judged: Sequence[Judged], *, today: date, waivers: Sequence[Waiver] = ()
) -> tuple[Verdict, ...]:
    """Every verdict on the documents, in their order; none when all rules are kept. ``engine`` holds the bundle."""
    asked = [tuple(rule for rule in bundle.rules if _concerns(rule, document)) for document in judged]
    questions = [
        Asked(document.value, tuple(rule.deny for rule in rules)) for document, rules in zip(judged, asked, strict=True)
    ]
    answers = engine.decide(questions)
    held = {(waiver.terms.rule, waiver.terms.address): waiver for waiver in waivers}
    verdicts: list[Verdict] = []
    for document, rules, values in zip(judged, asked, answers, strict=True):
        for rule, value in zip(rules, values, strict=True):
            verdicts += (
                _waived(verdict, held, today=today) for verdict in _verdicts(rule, document, value, today=today)
            )
    return tuple(verdicts)


def _concerns(rule: Rule, document: Judged) -> bool:
    return rule.metadata.custom.input == document.kind and rule.concerns(document.domain)


def _verdicts(rule: Rule, document: Judged, value: Value, *, today: date) -> Iterator[Verdict]:
    metadata = rule.metadata
    verdict = Verdict(
        code=rule.code,
        title=metadata.title,
        subject=document.subject,
        domain=document.domain,
        file=document.file,
        path="",
        message="",
        fix=metadata.custom.fix,
        outcome=metadata.mode(today),
    )
    if value.error:
        said = value.error.splitlines()[-1].removeprefix("error: ")
        yield replace(verdict, message=f"{rule.policy.file} could not be evaluated: {said}", outcome="deny")
        return
    findings = value.value if isinstance(value.value, list) else [value.value]
    for finding in sorted(findings, key=str):
        if _is_finding(finding):
            yield replace(verdict, path=finding["path"], message=finding["message"])
        else:
            message = f"{rule.policy.file} gave {str(finding)[:80]}, expected {{path: text, message: text}}"
            yield replace(verdict, message=message, outcome="deny")


def _is_finding(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("path", "message"))


def _waived(verdict: Verdict, held: Mapping[tuple[str, str], Waiver], *, today: date) -> Verdict:
    waiver = held.get((verdict.code, verdict.subject))
    if waiver is None or not verdict.denies:
        return verdict
    if waiver.holds(today):
        return replace(verdict, outcome="waived", waiver=waiver.file)
    return replace(
        verdict, message=f"{verdict.message} (the waiver expired on {waiver.terms.expires})", waiver=waiver.file
    )
