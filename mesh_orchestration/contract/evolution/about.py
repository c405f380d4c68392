"""What changed in who the product is: identity, life cycle, owner, words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.model import DataProduct, Lineage, Support

_STATUS = {
    "active": "status.activated",
    "deprecated": "status.deprecated",
    "retired": "status.retired",
    "draft": "status.withdrawn",
}


def about_changes(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    """Every difference of identity, life cycle, owner and descriptions."""
    yield from _identity(old, new)
    yield from _life(old, new)
    for key in ("title", "description", "tags"):
        before, after = getattr(old.metadata, key), getattr(new.metadata, key)
        if before != after:
            yield change("words.changed", f"metadata.{key}", before=before, after=after)
    if old.owner != new.owner:
        yield change("owner.changed", "spec.owner", before=old.owner, after=new.owner)
    for key in Support.model_fields:
        yield from _one("support.changed", f"spec.support.{key}", _of(old.spec.support, new.spec.support, key))
    for key in Lineage.model_fields:
        yield from _one("lineage.changed", f"spec.lineage.{key}", _of(old.spec.lineage, new.spec.lineage, key))
    if old.spec.schedule != new.spec.schedule:
        yield change("schedule.changed", "spec.schedule", before=old.spec.schedule, after=new.spec.schedule)


def _of(old: Any, new: Any, key: str) -> tuple[Any, Any]:
    return getattr(old, key), getattr(new, key)


def _one(word: str, path: str, values: tuple[Any, Any]) -> Iterator[Change]:
    before, after = values
    if before != after:
        yield change(word, path, before=before or "nothing", after=after or "nothing")


def _identity(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    """Domain and name; another major is another version and no other product."""
    before, after = (f"{product.domain}.{product.name}" for product in (old, new))
    if before != after:
        key = "domain" if old.domain != new.domain else "name"
        yield change("address.changed", f"metadata.{key}", before=before, after=after)
    elif old.metadata.name != new.metadata.name:
        yield change("words.changed", "metadata.name", before=old.metadata.name, after=new.metadata.name)
    if old.id != new.id:
        yield change("id.changed", "metadata.id", before=old.id, after=new.id)
    if old.model != new.model and old.address == new.address:
        yield change("model.changed", "spec.model", before=old.model, after=new.model)


def _life(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    before, after = old.metadata.status, new.metadata.status
    if before != after:
        yield change(_STATUS[after], "metadata.status", before=before, after=after)
    was, now = old.metadata.sunset, new.metadata.sunset
    if was != now:
        word = "sunset.nearer" if now is not None and (was is None or now < was) else "sunset.later"
        said = tuple("none" if day is None else day.isoformat() for day in (was, now))
        yield change(word, "metadata.sunset", before=said[0], after=said[1])
