"""What Dagster shows of a product that is going: on its own asset, on its consumers', and in their runs."""

# No postponed annotations here: Dagster reads the type of a step's `context`.
from collections.abc import Iterable
from datetime import date

import dagster as dg

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.deprecation import Deprecation


def marked(spec: dg.AssetSpec, endings: Iterable[Deprecation], *, own: Address | None = None) -> dg.AssetSpec:
    """``spec`` with description, metadata and tags that tell of ``endings``: its own (that of ``own``), and
    those of the products that it reads."""
    endings = tuple(endings)
    if not endings:
        return spec
    mine = [one for one in endings if one.address == own]
    read = [one for one in endings if one.address != own]
    lines = [f"**This product is {one.note}.**" for one in mine]
    lines += [f"**Reads {one.address}, which is {one.note}.**" for one in read]
    metadata: dict[str, dg.MetadataValue] = {}
    tags: dict[str, str] = {}
    for one in mine:
        metadata["mesh/deprecated"] = dg.MetadataValue.text(one.note)
        if one.sunset:
            tags["mesh/sunset"] = str(one.sunset)
    if read:
        notes = "\n".join(f"- {one.address} is {one.note}" for one in read)
        metadata["mesh/deprecated_inputs"] = dg.MetadataValue.md(notes)
        tags["mesh/deprecated_inputs"] = ""
    return spec.replace_attributes(
        description="\n\n".join((*lines, spec.description or "")),
        metadata={**spec.metadata, **metadata},
        tags={**spec.tags, **tags},
    )


def warn(context: dg.AssetExecutionContext, endings: Iterable[Deprecation], today: date) -> None:
    """Say in the log of the run until when its products and inputs last."""
    for one in endings:
        context.log.warning(one.says(today))
