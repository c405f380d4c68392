"""The catalogue for people who read the repository: a page of all products, and one a domain, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from mesh_orchestration.compile.checks import contract_checks, short_name
from mesh_orchestration.compile.layout import MARK
from mesh_orchestration.contract.loader import generated_path
from mesh_orchestration.contract.markdown import escaped
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.expectations.check import Check

FOLDER = "docs/products"
PLACES = (f"{FOLDER}/*.md",)
_ROOT = "../.."
_NAMES = ("column", "column_A", "column_B")
_LIST = "column_list"
_KEYS = {"value_set": "of", "regex": "", "type_": "", "ignore_row_if": "ignoring rows with nulls:"}


def files(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """One page a domain, and the page of all when every domain can be read."""
    if not mesh.broken:
        yield f"{FOLDER}/README.md", _lines(_all_products(mesh))
    for domain in mesh.sound:
        yield f"{FOLDER}/{domain}.md", _lines(_domain(domain, mesh.of(domain), mesh))


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _all_products(mesh: Mesh) -> Iterator[str]:
    yield from (
        "# Data products",
        "",
        f"<!-- {MARK} from contracts/; change the contracts instead of this file. -->",
        "",
    )
    yield from _table(
        ("product", "one row per", "owner", "freshness"),
        (
            (_link(product), _grain(product), product.owner, product.spec.sla.freshness or "-")
            for product in mesh.products.values()
        ),
    )


def _domain(domain: str, products: tuple[DataProduct, ...], mesh: Mesh) -> Iterator[str]:
    origin = f"<!-- {MARK} from contracts/{domain}/; change the contracts instead of this file. -->"
    yield from (f"# {domain}", "", origin, "", "[All products](README.md)")
    for product in products:
        yield from ("", f"## {product.address}", "")
        if product.metadata.title:
            yield from (f"**{escaped(product.metadata.title)}.** {escaped(product.metadata.description)}", "")
        else:
            yield from (escaped(product.metadata.description), "")
        yield from _table(("", ""), _facts(product, mesh))
        yield from ("", "### Columns", "")
        yield from _table(("column", "type", "null", "meaning", "personal data"), map(_column, product.fields))
        if checks := tuple(_checks(product)):
            yield from ("", "### Checks", "")
            yield from _table(("check", "columns", "says", "rows", "severity"), checks)


def _facts(product: DataProduct, mesh: Mesh) -> Iterator[tuple[str, str]]:
    spec, meta = product.spec, product.metadata
    ports = mesh.ports_of(product)
    sources = {port.name: port.options.get("product") or port.type for port in ports}
    levels = spec.sla.model_dump(exclude_none=True).items()
    consumers = [f"{one.name} ({one.type}, {one.owner})" for one in spec.consumers]
    facts = {
        "version": f"{meta.version}, {meta.status}" + (f" until {meta.sunset}" if meta.sunset else ""),
        "owner": " · ".join(word for word in (spec.owner, spec.support.channel, spec.support.url) if word),
        "key": ", ".join(product.primary_key),
        "reads": ", ".join(f"{name} ({source})" for name, source in sources.items()),
        "read by": ", ".join(consumers),
        "service levels": ", ".join(f"{name.replace('_', ' ')} {_level(value)}" for name, value in levels),
        "roles": ", ".join(spec.access.roles),
        "purposes": ", ".join(spec.access.purposes),
        "kept for": spec.retention or "",
        "tags": ", ".join(meta.tags),
    }
    yield from ((name, escaped(said)) for name, said in facts.items() if said)
    shapes = (("Avro", "avsc"), ("JSON Schema", "schema.json"))
    made = (f"[{name}]({_ROOT}/{generated_path(product.address, suffix)})" for name, suffix in shapes)
    yield "files", ", ".join((f"[contract]({_ROOT}/{product.source})", *made))


def _level(value: object) -> str:
    return f"{value * 100:.8g}%" if isinstance(value, float) else str(value)


def _column(field: SchemaField) -> tuple[str, ...]:
    kind = "timestamp (UTC)" if field.is_instant else str(field.logical_type)
    unit = f" in {escaped(field.unit)}" if field.unit else ""
    personal = f"yes, masked: {field.mask}" if field.is_pii else ""
    return f"`{field.name}`", kind + unit, "yes" if field.nullable else "no", escaped(field.description), personal


def _checks(product: DataProduct) -> Iterator[tuple[str, ...]]:
    """Each check by name: its columns, what it says (in the author's words if there are some), of which rows."""
    described = {f"spec.quality.checks[{place}]" for place, one in enumerate(product.spec.quality.checks)
                 if one.description} | {"spec.sla.event_freshness"}  # fmt: skip
    for check in contract_checks(product):
        columns = chain((check.kwargs[key] for key in _NAMES if check.kwargs.get(key)), check.kwargs.get(_LIST) or ())
        said = check.description if check.path in described else _words(check)
        rows = "all" if check.mostly == 1 else _level(check.mostly)
        yield f"`{check.name}`", ", ".join(f"`{name}`" for name in columns), escaped(said), rows, check.severity


def _words(check: Check) -> str:
    """The expectation and its arguments in words: ``mean from 4 to 15``."""
    kwargs = {key: value for key, value in check.kwargs.items() if key not in (*_NAMES, _LIST, "mostly")}
    low, high = kwargs.pop("min_value", None), kwargs.pop("max_value", None)
    words = [short_name(check.expectation).replace("_", " ").removesuffix("between")]
    if low is not None and high is not None:
        words.append(f"from {low} to {high}")
    elif low is not None or high is not None:
        words.append(f"at least {low}" if high is None else f"at most {high}")
    for key, value in kwargs.items():
        words.append(key.strip("_").replace("_", " ") if value is True else f"{_KEYS.get(key, key)} {_value(value)}")
    return " ".join(filter(None, words))


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _link(product: DataProduct) -> str:
    anchor = str(product.address).replace(".", "")
    return f"[{product.address}]({product.domain}.md#{anchor})"


def _grain(product: DataProduct) -> str:
    """The first sentence of the description, without the words that all share."""
    first = product.metadata.description.partition(". ")[0].rstrip(".")
    return escaped(first[len("One row per ") :] if first.lower().startswith("one row per ") else first)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|-" * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
