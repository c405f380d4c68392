"""What the specification says that an event consists of, around its facets.

Source: OpenLineage's specification 2-0-2. Facets stay as they were sent (facets.py), and so does what events mostly
repeat: their job, and what they read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from msgspec import UNSET, Raw, Struct, UnsetType

Facets = dict[str, Raw]
Rest = dict[str, Any]
"""What is said besides, in the places where it is."""
_Json = Mapping[str, Any]
NOTHING = Raw(b"")
_NAMES = {"event_time": "eventTime", "event_type": "eventType", "schema_url": "schemaURL"}


class NotAnEvent(ValueError):
    """The document is no event of OpenLineage; the message says where and what was expected."""


class Dataset(Struct, forbid_unknown_fields=True, rename="camel"):
    facets: Facets | UnsetType = UNSET
    input_facets: Facets | UnsetType = UNSET
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    output_facets: Facets | UnsetType = UNSET


class Job(Struct, forbid_unknown_fields=True):
    facets: Facets | UnsetType = UNSET
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET


class Run(Struct, forbid_unknown_fields=True, rename="camel"):
    facets: Facets | UnsetType = UNSET
    run_id: str | UnsetType = UNSET


class Envelope(Struct, forbid_unknown_fields=True, omit_defaults=True, rename=_NAMES):
    """Fields are in the order of their names, as in canonical JSON. What was sent may be of another type."""

    dataset: Dataset | UnsetType = UNSET
    event_time: str | UnsetType = UNSET
    event_type: str | UnsetType = UNSET
    inputs: Raw = NOTHING
    job: Raw = NOTHING
    outputs: list[Dataset] | UnsetType = UNSET
    producer: str | UnsetType = UNSET
    run: Run | UnsetType = UNSET
    schema_url: str | UnsetType = UNSET


_BROKEN = (msgspec.DecodeError, UnicodeDecodeError)  # or it says more, or something else
_envelope = msgspec.json.Decoder(Envelope).decode
_job = msgspec.json.Decoder(Job).decode
_inputs = msgspec.json.Decoder(list[Dataset]).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def read_envelope(raw: bytes) -> tuple[Envelope, Rest]:
    """An event as far as the specification goes, and the rest. Raises NotAnEvent, and JSONDecodeError."""
    try:
        return _envelope(raw), {}
    except _BROKEN:
        return _loosely(orjson.loads(raw))


def read_job(raw: bytes) -> tuple[Job, Rest]:
    """A job, and the rest; raises as read_envelope does."""
    try:
        return _job(raw), {}
    except _BROKEN:
        return _part(orjson.loads(raw), Job, "job")


def read_inputs(raw: bytes) -> tuple[list[Dataset], list[Rest]]:
    """Datasets that are read, and the rest of each if one has any; raises as read_envelope does."""
    try:
        return _inputs(raw), []
    except _BROKEN:
        return _datasets(orjson.loads(raw), "inputs")


def written(said: Struct | list[Dataset], rest: Rest | list[Rest]) -> bytes:
    """The canonical JSON of both."""
    text = _encode(said)
    return orjson.dumps(_joined(orjson.loads(text), rest), option=orjson.OPT_SORT_KEYS) if rest else text


def kind_of(value: Any) -> str:
    """What JSON calls it."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _loosely(document: Any) -> tuple[Envelope, Rest]:
    if not isinstance(document, dict):
        raise NotAnEvent(f"an event is an object, not {kind_of(document)}")
    said, rest = _split(document, Envelope)
    for part in ("job", "inputs"):
        if part in said:
            said[part] = Raw(orjson.dumps(said[part]))
    for part, kind in (("run", Run), ("dataset", Dataset)):
        if part in said:
            said[part], rest[part] = _part(said[part], kind, part)
    if "outputs" in said:
        said["outputs"], rest["outputs"] = _datasets(said["outputs"], "outputs")
    return Envelope(**said), {part: more for part, more in rest.items() if more or part not in said}


def _split(document: _Json, kind: type[Struct]) -> tuple[dict[str, Any], Rest]:
    """What belongs to the specification, by the names of fields, and the rest; nothing at all is said by null."""
    fields = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    known = {fields[name]: value for name, value in document.items() if name in fields and value is not None}
    return known, {name: value for name, value in document.items() if fields.get(name) not in known}


def _part(document: Any, kind: type[Struct], where: str) -> tuple[Any, Rest]:
    said, rest = _split(document if isinstance(document, dict) else {}, kind)
    for field, name in (("facets", "facets"), ("input_facets", "inputFacets"), ("output_facets", "outputFacets")):
        if field in said:
            said[field] = _facets(said[field], f"{where}.{name}")
    return kind(**said), rest


def _facets(said: Any, where: str) -> Facets:
    if not isinstance(said, dict):
        raise NotAnEvent(f"{where}: an object is expected, not {kind_of(said)}")
    return {name: Raw(orjson.dumps(facet)) for name, facet in said.items()}


def _datasets(said: Any, part: str) -> tuple[list[Dataset], list[Rest]]:
    if not isinstance(said, list):
        raise NotAnEvent(f"{part}: a list of datasets is expected, not {kind_of(said)}")
    pairs = [_part(one, Dataset, f"{part}[{index}]") for index, one in enumerate(said)]
    more = [rest for _, rest in pairs]
    return [found for found, _ in pairs], more if any(more) else []


def _joined(said: Any, rest: Any) -> Any:
    if isinstance(said, dict):
        return said | {name: _joined(said[name], more) if name in said else more for name, more in rest.items()}
    return [_joined(one, more) for one, more in zip(said, rest, strict=True)]
