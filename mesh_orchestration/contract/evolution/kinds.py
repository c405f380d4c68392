"""Every kind of change there is, with its level for the producer and for consumers: the one table.

The producer's level says what becomes of rows written and pipelines built under the old version, the
consumers' level what becomes of whoever reads by the old version. Consumers' levels ask for the version:
breaking for a major, notice for a minor, compatible for a patch, or a minor where something is offered
that was not there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mesh_orchestration.contract.evolution.change import Bump, Change, Level
from mesh_orchestration.contract.evolution.wording import differing, in_words, structured

_D, _C, _N, _B = Level.DOCUMENTATION, Level.COMPATIBLE, Level.NOTICE, Level.BREAKING
_BUMP: Mapping[Level, Bump] = {_D: "none", _C: "patch", _N: "minor", _B: "major"}


@dataclass(frozen=True)
class Kind:
    """One row of the table; ``says`` is the change in words, ``reason`` why the levels are what they are."""

    word: str
    says: str
    producer: Level
    consumer: Level
    reason: str
    bump: Bump


def change(
    word: str, path: str, *, column: str | None = None, before: Any = None, after: Any = None, hint: str = ""
) -> Change:
    """The change of kind ``word`` at ``path``; raises KeyError for a word that the table does not have."""
    kind = KINDS[word]
    return Change(
        kind=word,
        path=path,
        column=column,
        before=before,
        after=after,
        producer=kind.producer,
        consumer=kind.consumer,
        reason=kind.reason,
        says=_says(kind, path.rsplit(".", 1)[-1], column, (before, after)),
        bump=kind.bump,
        hint=hint,
    )


def _says(kind: Kind, key: str, column: str | None, values: tuple[Any, Any]) -> str:
    subject, became, _ = kind.says.partition(" became {after}")
    if became and any(map(structured, values)):
        # Of values with many parts only those that are others: whole ones look alike to whoever reads them.
        before, after = map(in_words, differing(*values))
        return f"{subject.format(column=column, key=key)} changed: now {after}, before {before}"
    before, after = map(in_words, values)
    return kind.says.format(column=column, before=before, after=after, key=key)


def _row(word: str, says: str, sides: tuple[Level, Level], reason: str, bump: Bump | None = None) -> Kind:
    producer, consumer = sides
    return Kind(word, says, producer, consumer, reason, bump or _BUMP[consumer])


_FIELDS = (
    _row("field.added", "column {column} ({after}) was added", (_C, _C),
         "readers do not ask for it, and rows written before have no value in it", "minor"),
    _row("field.added_required", "column {column} ({after}), never null, was added", (_N, _C),
         "readers do not ask for it, but rows written before lack it and the producer must fill it in", "minor"),
    _row("field.removed", "column {column} ({before}) was removed", (_C, _B),
         "who reads it finds no such column"),
    _row("field.renamed", "column {before} was renamed to {after}", (_C, _B),
         "who reads it by the old name finds no such column"),
    _row("field.widened", "{column} became {after}, was {before}", (_C, _N),
         "old rows are read as the wider type, but a reader that holds the narrower one may overflow"),
    _row("field.retyped", "{column} became {after}, was {before}", (_B, _B),
         "no rule turns what was written into the new type, and readers expect the old one"),
    _row("field.moved", "the columns stand in another order", (_C, _C),
         "columns are read by name"),
    _row("null.forbidden", "{column} may not be null any more", (_N, _C),
         "readers that expect nulls go on working, but rows written before may hold one"),
    _row("null.allowed", "{column} may be null now", (_C, _B),
         "readers rely on a value in every row"),
    _row("key.added", "rows have the key {after} now", (_N, _C),
         "a promise more to readers, that the producer's rows must keep"),
    _row("key.removed", "rows have no key any more, it was {before}", (_C, _B),
         "joins on the key may find several rows where there was one"),
    _row("key.widened", "the key became {after}, was {before}", (_C, _B),
         "one row a key becomes several, so joins on the old key multiply"),
    _row("key.narrowed", "the key became {after}, was {before}", (_N, _N),
         "the old key still finds one row at most, but a row stands for more than it did"),
    _row("key.changed", "the key became {after}, was {before}", (_N, _B),
         "a row stands for something else, so joins on the old key multiply"),
    _row("unique.promised", "values of {column} are unique now", (_N, _C),
         "a promise more to readers, that the producer's rows must keep"),
    _row("unique.dropped", "values of {column} are not unique any more", (_C, _B),
         "joins on it may find several rows where there was one"),
    _row("alias.added", "{column} is known by the former names {after}", (_C, _C),
         "a reader of the new version finds what was written under the former name"),
    _row("alias.removed", "{column} is not known by {before} any more", (_N, _C),
         "what was written under the former name is not found by a reader of the new version"),
)  # fmt: skip
_VALUES = (
    _row("enum.widened", "{column} may be {after} too", (_C, _N),
         "readers meet values they do not know"),
    _row("enum.narrowed", "{column} may not be {before} any more", (_N, _C),
         "readers know all that is left, but rows written before may hold what went"),
    _row("enum.replaced", "{column} may be {after}, might be {before}", (_N, _N),
         "readers meet values they do not know, and rows written before may hold what went"),
    _row("values.tightened", "{key} of {column} became {after}, was {before}", (_N, _C),
         "every value that is left was allowed before, but rows written before may hold others"),
    _row("values.loosened", "{key} of {column} became {after}, was {before}", (_C, _N),
         "readers meet values that were refused before"),
    _row("values.changed", "{key} of {column} became {after}, was {before}", (_N, _N),
         "which values are allowed changed in a way that is neither stricter nor looser"),
    _row("meaning.changed", "{key} of {column} became '{after}', was '{before}'", (_N, _N),
         "the values may mean something else than readers think"),
    _row("unit.changed", "the unit of {column} became {after}, was {before}", (_B, _B),
         "readers go on computing in the old unit, and rows written before are in it"),
    _row("unit.said", "{column} is said to be in {after}", (_D, _D),
         "the unit is written down; the values are what they were"),
    _row("unit.unsaid", "the unit of {column} ({before}) is not said any more", (_C, _N),
         "readers cannot know any more what they compute in"),
    _row("pii.classified", "{column} is personal data now ({after})", (_N, _N),
         "who holds a copy of it holds personal data"),
    _row("pii.declassified", "{column} is not personal data any more, was {before}", (_N, _N),
         "who answers for the protection of data must agree, and readers learn that their duties end"),
    _row("pii.reclassified", "{column} is personal data of the kind {after}, was {before}", (_C, _N),
         "other duties may come with it"),
    _row("mask.strengthened", "the mask of {column} became {after}, was {before}", (_C, _N),
         "readers without the role see less; protection does not wait for a major"),
    _row("mask.weakened", "the mask of {column} became {after}, was {before}", (_N, _B),
         "readers who were kept from personal data receive it, and what was shown cannot be taken back"),
    _row("mask.changed", "the mask of {column} became {after}, was {before}", (_C, _B),
         "masked values differ from those that readers keep, join and compare"),
)  # fmt: skip
_CHECKS = (
    _row("check.added", "check {after} was added", (_N, _C),
         "a promise more to readers, that the producer's rows must keep"),
    _row("check.removed", "check {before} was removed", (_C, _N),
         "rows are published that were refused before"),
    _row("warning.added", "the warning check {after} was added", (_C, _C),
         "it is reported and stops nothing"),
    _row("warning.removed", "the warning check {before} was removed", (_C, _C),
         "it stopped nothing; readers lose its report"),
    _row("check.tightened", "check {after} is stricter, was {before}", (_N, _C),
         "every publication that keeps it kept the old one, but the producer's rows may not keep it"),
    _row("check.loosened", "check {after} is looser, was {before}", (_C, _N),
         "rows are published that were refused before"),
    _row("check.changed", "check became {after}, was {before}", (_N, _N),
         "it is neither stricter nor looser than it was"),
    _row("threshold.raised", "check {after} must hold for more rows, was {before}", (_N, _C),
         "fewer rows may break it"),
    _row("threshold.lowered", "check {after} must hold for fewer rows, was {before}", (_C, _N),
         "more rows may break it and are published"),
    _row("severity.raised", "check {after} stops publication now", (_N, _C),
         "what was only reported is refused"),
    _row("severity.lowered", "check {after} only warns now", (_C, _N),
         "rows are published that were refused before"),
    _row("check.renamed", "check {before} is called {after} now", (_C, _C),
         "its results go on under another name"),
    _row("check.described", "the description of a check became '{after}', was '{before}'", (_D, _D),
         "words only"),
)  # fmt: skip
_SERVICE = (
    _row("sla.tightened", "{key} became {after}, was {before}", (_N, _C),
         "readers are promised more, and the producer must keep it"),
    _row("sla.loosened", "{key} became {after}, was {before}", (_C, _N),
         "readers are promised less than they planned with"),
    _row("sla.changed", "{key} became {after}, was {before}", (_N, _N),
         "what is promised cannot be compared with what was"),
    _row("retention.extended", "rows are kept for {after}, was {before}", (_N, _C),
         "readers find more history, and the producer stores it longer"),
    _row("retention.shortened", "rows are kept for {after}, was {before}", (_C, _N),
         "readers lose the oldest rows"),
    _row("role.added", "role {after} may read it", (_N, _C),
         "nobody who could read loses it, but more people see the rows"),
    _row("role.removed", "role {before} may not read it any more", (_C, _B),
         "readers with this role are refused"),
    _row("access.restricted", "only the roles {after} may read it; before, none was asked for", (_C, _B),
         "readers without one of these roles are refused"),
    _row("access.opened", "no role is asked for any more; before, one of {before}", (_N, _C),
         "nobody who could read loses it, but everybody sees the rows"),
    _row("policy.added", "policy {after} applies", (_N, _N),
         "a policy can deny or hide what was readable"),
    _row("policy.removed", "policy {before} does not apply any more", (_N, _C),
         "nobody who could read loses it, but who answers for the policy must agree"),
    _row("purpose.added", "it may be used for {after}", (_N, _C),
         "every use that was allowed still is"),
    _row("purpose.removed", "it may not be used for {before} any more", (_C, _B),
         "who uses it for this purpose must stop"),
    _row("purpose.restricted", "it may only be used for {after}; before, for anything", (_C, _B),
         "who uses it for another purpose must stop"),
    _row("purpose.opened", "it may be used for anything; before, for {before}", (_N, _C),
         "every use that was allowed still is"),
)  # fmt: skip
_PORTS = (
    _row("input.added", "input {after} was added", (_N, _C),
         "the producer depends on one source more; the columns say what they said"),
    _row("input.removed", "input {before} was removed", (_N, _C),
         "the producer's models must do without it; the columns say what they said"),
    _row("input.changed", "{key} became {after}, was {before}", (_N, _C),
         "the producer reads it differently; the columns say what they said"),
    _row("input.redirected", "{key} became {after}, was {before}", (_N, _N),
         "the rows come from somewhere else"),
    _row("input.expectation", "what is expected of an input became {after}, was {before}", (_C, _D),
         "it binds the upstream product and says nothing to readers of this one"),
    _row("output.added", "output port {after} was added", (_C, _C),
         "one way more to read it", "minor"),
    _row("output.removed", "output port {before} was removed", (_C, _B),
         "who reads through it finds nothing there"),
    _row("output.changed", "{key} of an output port became {after}, was {before}", (_C, _B),
         "who reads through it looks in the old place or in the old way"),
    _row("consumer.added", "consumer {after} was declared", (_D, _D),
         "it says who reads and promises nothing"),
    _row("consumer.removed", "consumer {before} is not declared any more", (_D, _D),
         "it says who reads and promises nothing"),
    _row("consumer.changed", "{key} of a consumer became {after}, was {before}", (_D, _D),
         "it says who reads and promises nothing"),
    _row("format.changed", "the exchange format became {after}, was {before}", (_B, _B),
         "readers of the old format cannot decode the new one, nor the other way round"),
    _row("compatibility.strengthened", "compatibility became {after}, was {before}", (_N, _C),
         "readers are promised more about versions to come"),
    _row("compatibility.weakened", "compatibility became {after}, was {before}", (_C, _N),
         "readers are promised less about versions to come"),
)  # fmt: skip
_ABOUT = (
    _row("address.changed", "the address became {after}, was {before}", (_B, _B),
         "table, topic and asset are found by the address"),
    _row("id.changed", "the id became {after}, was {before}", (_B, _B),
         "the id outlives renames: history and references hang on it"),
    _row("model.changed", "the rows come from model {after}, was {before}", (_N, _C),
         "the producer builds them elsewhere; readers find them at the same address"),
    _row("schedule.changed", "the schedule became {after}, was {before}", (_C, _C),
         "when it runs is the producer's affair as long as it keeps its freshness"),
    _row("status.activated", "the status became {after}, was {before}", (_C, _C),
         "what the contract says is promised from now on", "patch"),
    _row("status.deprecated", "the status became {after}, was {before}", (_C, _N),
         "readers must move before the sunset"),
    _row("status.retired", "the status became {after}, was {before}", (_C, _B),
         "readers find nothing new any more; it ends a major, so it cannot ask for one", "minor"),
    _row("status.withdrawn", "the status became {after}, was {before}", (_C, _B),
         "readers lose every promise that was made"),
    _row("sunset.nearer", "the sunset became {after}, was {before}", (_C, _N),
         "readers have less time to move"),
    _row("sunset.later", "the sunset became {after}, was {before}", (_C, _C),
         "readers have more time to move"),
    _row("owner.changed", "the owner became {after}, was {before}", (_C, _C),
         "somebody else answers for it; what is promised stays"),
    _row("support.changed", "{key} of the support became {after}, was {before}", (_D, _D),
         "whom to ask; what is promised stays"),
    _row("lineage.changed", "{key} became {after}, was {before}", (_D, _D),
         "it describes where rows come from and go to"),
    _row("description.changed", "{key} of {column} became '{after}', was '{before}'", (_D, _D),
         "words only"),
    _row("words.changed", "{key} became '{after}', was '{before}'", (_D, _D),
         "words only"),
)  # fmt: skip
GROUPS: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        "Columns and key": _FIELDS,
        "Values, meaning, protection": _VALUES,
        "Quality checks": _CHECKS,
        "Service levels, retention, access": _SERVICE,
        "Ports, consumers, exchange format": _PORTS,
        "Identity, life cycle, words": _ABOUT,
    }
)
"""Every kind of change by what it is about, as the documentation shows them."""
KINDS: Mapping[str, Kind] = MappingProxyType({kind.word: kind for group in GROUPS.values() for kind in group})
"""Every kind of change by its word."""
