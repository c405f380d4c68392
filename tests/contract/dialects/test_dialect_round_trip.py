"""load(write(x)) = x in each form, as far as the form can hold it; what it cannot hold is listed."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import fastavro
import yaml
from hypothesis import given, settings
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.types import parse_type
from tests.contract.dialects.products import products, read_again


@cache
def standard() -> Draft201909Validator:
    """The JSON Schema of the standard, as its own package ships it."""
    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    return Draft201909Validator(json.loads(text))


@given(products())
@settings(max_examples=40)
def test_the_native_form_holds_everything(product: DataProduct) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = dialects.write(product, "native")
        assert (read_again(written, Path(folder))[0], written.lost) == (product, ())


@given(products())
@settings(max_examples=40)
def test_odcs_holds_everything_and_is_valid_by_its_own_schema(product: DataProduct) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = dialects.write(product, "odcs")
        again, source = read_again(written, Path(folder))
        assert (again, source.dialect, source.lost, written.lost) == (product, "odcs", (), ())
        assert [error.message for error in standard().iter_errors(yaml.safe_load(written.text))] == []
        assert OpenDataContractStandard.from_string(written.text).domain == product.domain


@given(products())
@settings(max_examples=40)
def test_the_short_form_holds_everything_but_what_it_lists(product: DataProduct) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = dialects.write(product, "short")
        again, source = read_again(written, Path(folder))
        kept = said(product)
        for lost in sorted(written.lost, key=lambda one: one.path, reverse=True):
            drop(kept, lost.at)
        assert (said(again), source.dialect) == (tidy(kept), "short")
        for text in written.files.values():
            fastavro.parse_schema(json.loads(text))


def said(product: DataProduct) -> dict[str, Any]:
    """What a product says, its types in one spelling."""
    whole = product.model_dump(by_alias=True, exclude_defaults=True)
    for field in whole["spec"]["schema"]["fields"]:
        if field["type"] == "timestamptz":
            field.setdefault("constraints", {})["timezone"] = "UTC"
        field["type"] = str(parse_type(field["type"]))
    return tidy(whole)


def tidy(value: Any) -> Any:
    """``value`` without empty mappings and lists."""
    if isinstance(value, dict):
        return {key: inner for key, item in value.items() if (inner := tidy(item)) not in ({}, ())}
    return tuple(tidy(item) for item in value) if isinstance(value, list | tuple) else value


def drop(value: Any, path: tuple[Any, ...]) -> None:
    """Take the value at ``path`` out; an item of a tuple leaves an empty one."""
    for key in path[:-2]:
        value = value[key]
    if isinstance(path[-1], int):
        items = list(value[path[-2]])
        del items[path[-1]]
        value[path[-2]] = tuple(items)
    else:
        inner = value[path[-2]] if len(path) > 1 else value
        del inner[path[-1]]
