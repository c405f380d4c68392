"""Whether somebody may read a product, which columns are masked for them, and which rows they see.

The mask of the contract holds for everybody. A rule may deny, mask a further column, leave rows out; a
global rule may reveal a column to those who need its values. What cannot be evaluated denies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.governance.bundle import Bundle, Rule
from mesh_orchestration.governance.decision_log import Decision
from mesh_orchestration.governance.engine import Asked, Engine, Value

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in"]
STRICTEST = ("null", "redact", "hash", "tokenise", "generalise", "partial")
"""Masks from the one that shows least to the one that shows most."""


@dataclass(frozen=True)
class Reader:
    """Who reads: a person or service, the role they act in, what for, and what else rules may ask about them."""

    who: str
    role: str
    purpose: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RowFilter:
    """Only rows whose ``column`` compares to ``value`` are seen; with ``in`` the value is a list."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True)
class Access:
    """The decision on one reader and one product: ``reasons`` and ``rules`` (codes) say why it is denied."""

    reader: Reader
    address: str
    masks: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[RowFilter, ...] = ()
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    bundle: str = ""

    @property
    def allowed(self) -> bool:
        return not self.reasons

    def decision(self, columns: Iterable[str], *, snapshot: int | None) -> Decision:
        """The decision as the log keeps it, for a read of ``columns``."""
        read = tuple(sorted(columns))
        return Decision(
            point="read",
            verdict="allow" if self.allowed else "deny",
            subject=self.address,
            who=self.reader.who,
            role=self.reader.role,
            purpose=self.reader.purpose,
            columns=read,
            masked=tuple(name for name in read if name in self.masks),
            rules=self.rules,
            bundle=self.bundle,
            snapshot=snapshot,
            reason="; ".join(self.reasons),
        )


def decide_access(bundle: Bundle, engine: Engine, product: DataProduct, reader: Reader, *, today: date) -> Access:
    """What ``reader`` may see of ``product``; ``engine`` holds the bundle."""
    rules = [rule for rule in bundle.rules if rule.metadata.custom.input == "read" and rule.concerns(product.domain)]
    asked = [(rule, name, path) for rule in rules for name, path in rule.sets.items()]
    masks = {one.name: one.mask for one in product.fields if one.mask}
    if not asked:
        return Access(reader, str(product.address), masks, bundle=bundle.hash)
    document = read_document(product, reader, bundle.data.get("config", {}), today=today)
    ((*values,),) = engine.decide([Asked(document, tuple(path for _, _, path in asked))])
    return _Ruling(product, masks).of(
        reader, bundle, [(rule, name, value) for (rule, name, _), value in zip(asked, values, strict=True)], today=today
    )


def read_document(product: DataProduct, reader: Reader, config: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """What rules on reads judge: the reader, what their role may do, and the product as far as it matters."""
    return {
        "today": today.isoformat(),
        "reader": {
            "who": reader.who,
            "role": reader.role,
            "purpose": reader.purpose,
            "attributes": dict(reader.attributes),
        },
        "role": config.get("roles", {}).get(reader.role),
        "product": {
            "address": str(product.address),
            "domain": product.domain,
            "status": product.metadata.status,
            "sunset": product.metadata.sunset.isoformat() if product.metadata.sunset else None,
            "roles": list(product.spec.access.roles),
            "purposes": list(product.spec.access.purposes),
            "policies": list(product.spec.access.policies),
            "fields": [
                {"name": one.name, "pii": one.is_pii, "mask": one.mask, "tags": list(one.tags)}
                for one in product.fields
            ],
        },
    }


class _Ruling:
    """The answers of all rules, put together for one product."""

    def __init__(self, product: DataProduct, masks: Mapping[str, str]) -> None:
        self._columns = product.columns
        self._address = str(product.address)
        self._own = dict(masks)
        self._added: dict[str, list[str]] = {}
        self._revealed: set[str] = set()
        self._filters: list[RowFilter] = []
        self._reasons: list[str] = []
        self._codes: list[str] = []

    def of(self, reader: Reader, bundle: Bundle, answers: list[tuple[Rule, str, Value]], *, today: date) -> Access:
        for rule, name, value in answers:
            if value.error or not isinstance(value.value, list):
                self._deny(rule, f"{rule.policy.file} could not be evaluated: {value.error or value.value}")
                continue
            for finding in value.value:
                if not self._take(rule, name, finding, today=today):
                    self._deny(rule, f"{rule.policy.file} gave {str(finding)[:80]}, which is no {name}")
        kept = {column: mask for column, mask in self._own.items() if column not in self._revealed}
        masks = {
            column: min(
                [*self._added.get(column, []), *([kept[column]] if column in kept else [])], key=STRICTEST.index
            )
            for column in {*kept, *self._added}
        }
        return Access(
            reader,
            self._address,
            masks,
            tuple(self._filters),
            tuple(dict.fromkeys(self._reasons)),
            tuple(dict.fromkeys(self._codes)),
            bundle.hash,
        )

    def _deny(self, rule: Rule, reason: str) -> None:
        self._reasons.append(reason)
        self._codes.append(rule.code)

    def _take(self, rule: Rule, name: str, finding: Any, *, today: date) -> bool:
        """Whether ``finding`` is what a set of this name holds; then it counts."""
        if not isinstance(finding, dict):
            return False
        column = finding.get("column")
        if name == "deny":
            if not isinstance(finding.get("message"), str):
                return False
            if rule.metadata.mode(today) == "deny":
                self._deny(rule, f"{rule.code} {finding['message']} ({rule.metadata.custom.fix})")
            return True
        if column not in self._columns:
            return False
        if name == "mask" and finding.get("mask") in STRICTEST:
            self._added.setdefault(column, []).append(finding["mask"])
            self._codes.append(rule.code)
            return True
        if name == "filter" and finding.get("operator") in get_args(Operator) and "value" in finding:
            self._filters.append(RowFilter(column, finding["operator"], finding["value"]))
            self._codes.append(rule.code)
            return True
        if name == "reveal":
            self._revealed.add(column)
            return True
        return False
