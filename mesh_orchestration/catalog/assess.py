"""What each trait asks for, and how much of it a product has.

A fact is about what is written down or was measured, never about the clock, so that the same evidence gives the same
score. What a product has no use for (masks without personal data) counts as held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mesh_orchestration.catalog.traits import Fact, Trait
from mesh_orchestration.contract.model import DataProduct, SchemaField

_LINE = 40  # characters: a description shorter than that says no more than the name


@dataclass(frozen=True)
class Evidence:
    """What is known of a product: its contract, the snapshot that is served, the last audit (checks passed, failed,
    warned), whether its newest attempt was refused, the shares of attempts published and of SLA time kept (None where
    nothing was measured), how many read it, whether policies judged it, and whether git knows its contract."""

    product: DataProduct
    snapshot: int | None
    passed: int
    failed: int
    warned: int
    refused: bool
    published_share: float | None
    kept_share: float | None
    readers: int
    judged: bool
    committed: bool
    history: int


def assess(evidence: Evidence) -> tuple[Trait, ...]:
    """The six traits, in their order."""
    return tuple(_trait(name, tuple(rules(evidence))) for name, rules in _RULES.items())


def _trait(name: str, facts: tuple[Fact, ...]) -> Trait:
    return Trait(name, round(sum(one.weight * one.share for one in facts) / sum(one.weight for one in facts), 4), facts)


def _fact(name: str, weight: float, share: float | bool, evidence: str, advice: str) -> Fact:
    return Fact(name, weight, round(float(share), 4), evidence, "" if share == 1 else advice)


def _held(lacking: Sequence[object], whole: Sequence[object]) -> float:
    """The share of the whole that lacks nothing; where nothing is asked, nothing lacks."""
    return 1 - len(lacking) / len(whole) if whole else 1.0


def _names(fields: Sequence[SchemaField]) -> str:
    told = ", ".join(field.name for field in fields[:5])
    return told if len(fields) <= 5 else f"{told} and {len(fields) - 5} more"


def _discoverable(known: Evidence) -> Iterator[Fact]:
    said, support = known.product.metadata, known.product.spec.support
    length = len(said.description)
    yield _fact("title", 1, bool(said.title), said.title or "no title", "give it a title: metadata.title")
    yield _fact(
        "description",
        2,
        min(1.0, length / _LINE),
        f"{length} characters",
        "say what one row is and what it is good for: metadata.description",
    )
    yield _fact("tags", 1, bool(said.tags), ", ".join(said.tags) or "no tags", "tag it: metadata.tags")
    contact = support.channel or support.email or support.url
    yield _fact("support", 1, bool(contact), contact or "nobody to ask", "say whom to ask: spec.support")
    lacking = [field for field in known.product.fields if not field.description]
    yield _fact(
        "columns can be found",
        2,
        _held(lacking, known.product.fields),
        f"{len(known.product.fields) - len(lacking)} of {len(known.product.fields)} columns are described",
        f"describe {_names(lacking)}",
    )


def _addressable(known: Evidence) -> Iterator[Fact]:
    product, said = known.product, known.product.metadata
    yield _fact("stable id", 1, bool(said.id), product.id, "give it an id that outlives a rename: metadata.id")
    served = known.snapshot is not None
    yield _fact(
        "readable at its address",
        3,
        served,
        f"{product.address} serves snapshot {known.snapshot}" if served else f"{product.address} was never published",
        f"publish it: mesh run {product.address}",
    )
    ports = ", ".join(port.type for port in product.spec.outputs)
    yield _fact("output ports", 1, bool(ports), ports or "none declared", "declare how it is read: spec.outputs")
    yield _fact(
        "earlier states",
        1,
        known.history > 1,
        f"{known.history} publications known",
        "publish it again: each publication can be read by its time or snapshot",
    )
    ending = said.status != "deprecated" or said.sunset is not None
    yield _fact("end is announced", 1, ending, said.status, "say when it goes: metadata.sunset")


def _trustworthy(known: Evidence) -> Iterator[Fact]:
    product, sla = known.product, known.product.spec.sla
    yield _fact(
        "newest attempt was published",
        3,
        known.snapshot is not None and not known.refused,
        "refused" if known.refused else "published" if known.snapshot else "never published",
        f"see why: mesh rejected {product.address}" if known.refused else f"publish it: mesh run {product.address}",
    )
    audited = known.passed + known.failed + known.warned
    yield _fact(
        "checks of the last audit",
        2,
        known.passed / audited if audited else 0.0,
        f"{known.passed} of {audited} passed",
        "mend what fails, then publish it again" if audited else f"have it audited: mesh run {product.address}",
    )
    stops = sum(check.severity == "error" for check in product.spec.quality.checks)
    yield _fact(
        "checks that stop publication",
        2,
        stops > 0,
        f"{stops} in spec.quality",
        "let at least one check of spec.quality have severity error",
    )
    promised = [name for name in type(sla).model_fields if name != "event_time" and getattr(sla, name) is not None]
    wanted = ("freshness", "availability", "completeness")
    lacking = [name for name in wanted if name not in promised]
    yield _fact(
        "service levels",
        2,
        _held(lacking, wanted),
        f"promises {', '.join(promised) or 'nothing'}",
        f"promise {', '.join(lacking)}: spec.sla",
    )
    yield from _measured("attempts published", 1, known.published_share, "see what was refused")
    yield from _measured("service levels kept in 7 days", 3, known.kept_share, f"see mesh sla {product.address}")


def _measured(name: str, weight: float, share: float | None, advice: str) -> Iterator[Fact]:
    if share is not None:
        yield _fact(name, weight, share, f"{share:.2%}", advice)


def _self_describing(known: Evidence) -> Iterator[Fact]:
    product = known.product
    fields = product.fields
    lacking = [field for field in fields if not field.description]
    described = f"{len(fields) - len(lacking)} of {len(fields)}"
    yield _fact("columns described", 3, _held(lacking, fields), described, f"describe {_names(lacking)}")
    keyed = bool(product.primary_key)
    yield _fact(
        "grain",
        2,
        keyed,
        f"one row per {', '.join(product.primary_key)}" if keyed else "no primary key",
        "say which columns tell rows apart: constraints.primary_key",
    )
    amounts = [field for field in fields if field.logical_type.name in {"decimal", "double", "float"}]
    bare = [field for field in amounts if not (field.unit or field.semantics)]
    yield _fact(
        "units of amounts",
        1,
        _held(bare, amounts),
        f"{len(amounts) - len(bare)} of {len(amounts)} columns",
        f"give a unit or semantics to {_names(bare)}",
    )
    yield _fact(
        "contract in version control",
        2,
        known.committed,
        f"version {product.version}",
        "commit the contract, so that its history can be told",
    )


def _interoperable(known: Evidence) -> Iterator[Fact]:
    fields, schema = known.product.fields, known.product.spec.schema_
    times = [field for field in fields if field.logical_type.name == "timestamp"]
    local = [field for field in times if not field.is_instant]
    yield _fact(
        "times are instants",
        2,
        _held(local, times),
        f"{len(times) - len(local)} of {len(times)} in UTC",
        f"say timezone: UTC for {_names(local)}",
    )
    held = schema.compatibility != "none"
    yield _fact("compatible versions", 2, held, schema.compatibility, "promise it: spec.schema.compatibility")
    meant = [field for field in fields if field.semantics or field.unit or field.constraints.primary_key or field.tags]
    yield _fact(
        "shared meaning",
        2,
        len(meant) / len(fields),
        f"{len(meant)} of {len(fields)} columns have semantics, a unit, a tag or are a key",
        "name what columns mean in words that others use: semantics, unit",
    )
    ports = known.product.spec.outputs
    yield _fact("open ports", 1, bool(ports), f"{len(ports)} output ports", "declare how it is read: spec.outputs")
    yield _fact("open format", 1, True, "Iceberg tables of Parquet files", "")
    yield _fact(
        "others build on it",
        1,
        known.readers > 0,
        f"{known.readers} consumers",
        "nobody reads it yet; name its consumers: spec.consumers",
    )


def _secure(known: Evidence) -> Iterator[Fact]:
    product, access = known.product, known.product.spec.access
    personal = [field for field in product.fields if field.is_pii]
    silent = [field for field in personal if not (field.masking or field.constraints.masking)]
    yield _fact(
        "masks chosen",
        3,
        _held(silent, personal),
        f"{len(personal) - len(silent)} of {len(personal)} personal columns" if personal else "no personal data",
        f"choose a mask for {_names(silent)}; until then they are redacted",
    )
    roles = ", ".join(access.roles)
    yield _fact("roles", 2, bool(roles), roles or "nobody is named", "say who may read: spec.access.roles")
    yield _fact(
        "judged by policies",
        2,
        known.judged,
        "the last publication was" if known.judged else "no policy judged it",
        "write policies, or publish it anew under them",
    )
    aimed = bool(access.purposes) or not personal
    evidence = ", ".join(access.purposes) if access.purposes else "no personal data" if aimed else "none"
    yield _fact("purposes", 1, aimed, evidence, "say what personal data is for: spec.access.purposes")
    kept = product.spec.retention
    yield _fact(
        "retention", 2 if personal else 1, bool(kept), kept or "kept for ever", "say how long rows stay: spec.retention"
    )


_RULES: Mapping[str, Callable[[Evidence], Iterator[Fact]]] = {
    "discoverable": _discoverable,
    "addressable": _addressable,
    "trustworthy": _trustworthy,
    "self-describing": _self_describing,
    "interoperable": _interoperable,
    "secure": _secure,
}
