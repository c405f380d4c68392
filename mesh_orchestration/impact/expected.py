"""What consumers expect of a product, held against a contract of it: consumer-driven contracts.

A consumer files its expectations at the input port through which it reads (``expects:``). An expectation
is *kept* when the producer's contract promises it, *broken* when it promises less, and *open* when the
contract says nothing that could be compared: then only the data can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mesh_orchestration.compile.checks import NOT_NULL, contract_checks
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.check_rules import kwargs_of, named_columns, value_findings
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.evolution.normal import comparable
from mesh_orchestration.contract.evolution.promotion import column_type, resolves, widens
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort, QualityCheck, SchemaField
from mesh_orchestration.contract.ports import DataProductPort, ExpectedField, Expects
from mesh_orchestration.contract.types import parse_type
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.check import Check
from mesh_orchestration.expectations.ordering import Relation

_ROUNDING = 1e-9
_BOUNDS = ("min", "max")
_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")


@dataclass(frozen=True)
class ConsumerContract:
    """What the product ``consumer`` expects of ``address`` at its input ``port``; ``path`` leads to it in ``file``."""

    consumer: Address
    owner: str
    port: str
    address: Address
    expects: Expects
    file: str
    path: Path_


@dataclass(frozen=True)
class Gap:
    """An expectation that a contract does not keep; ``path`` leads to it in the consumer's contract.

    ``broken`` by what the contract promises, or ``open``: nothing it says decides, so the data must.
    """

    path: Path_
    message: str
    state: Literal["broken", "open"]
    severity: Literal["error", "warn"] = "error"


def expected_of(mesh: Mesh, address: Address) -> tuple[ConsumerContract, ...]:
    """What the consumers of ``address`` filed, by consumer."""
    found = (one for consumer in mesh.consumers(address) for one in filed_by(mesh.products[consumer]))
    return tuple(one for one in found if one.address == address)


def filed_by(product: DataProduct) -> Iterator[ConsumerContract]:
    """What ``product`` itself files at its input ports."""
    for place, port in enumerate(product.spec.inputs):
        if not isinstance(port, InputPort) or port.type != "data-product":
            continue
        options = DataProductPort.model_validate(port.options)
        if options.expects is not None:
            path: Path_ = ("spec", "inputs", place, "expects")
            yield ConsumerContract(
                product.address, product.owner, port.name, options.product, options.expects, product.source, path
            )


def unmet(contract: ConsumerContract, product: DataProduct, *, before: DataProduct | None = None) -> tuple[str, ...]:
    """What ``product`` (a proposed contract) would not give the consumer, one sentence each; empty when all is kept.

    With the contract as it was ``before``, a check that it promised and the new one does not is not left to
    the data. Expectations that only warn are left out.
    """
    found = [gap for gap in gaps(contract, product) if gap.severity == "error"]
    promised = {gap.path for gap in gaps(contract, before)} if before else None
    return tuple(
        gap.message if gap.state == "broken" else f"{gap.message}, as it did before"
        for gap in found
        if gap.state == "broken" or (promised is not None and gap.path not in promised)
    )


def gaps(contract: ConsumerContract, product: DataProduct) -> tuple[Gap, ...]:
    """Every expectation that ``product`` does not keep, in the order in which they are filed."""
    expects = contract.expects
    found: list[Gap] = []
    for place, field in enumerate(expects.fields):
        found += _field(field, (*contract.path, "fields", place), product)
    for place, check in enumerate(expects.checks):
        found += _check(check, (*contract.path, "checks", place), product)
    return (*found, *_freshness(expects.freshness, (*contract.path, "freshness"), product))


def _field(expected: ExpectedField, path: Path_, product: DataProduct) -> Iterator[Gap]:
    field = product.columns.get(expected.name)
    if field is None:
        message = f"{product.address} has no column '{expected.name}'{_hint(expected.name, product)}"
        yield Gap((*path, "name"), message, "broken")
        return
    wanted, given = expected_type(expected), column_type(field)
    if wanted and not reads_as(given, wanted):
        message = f"{product.address}.{field.name} is {given}, which cannot be read as the expected {wanted}"
        yield Gap((*path, "type"), message, "broken")
    if expected.null is False and not _never_null(field, product):
        message = f"{product.address}.{field.name} may be null, expected a value in every row"
        yield Gap((*path, "null"), message, "broken")


def _hint(name: str, product: DataProduct) -> str:
    """The column that had the name before, or the nearest one."""
    renamed = next((field.name for field in product.fields if name in field.aliases), "")
    return f"; it is called '{renamed}' now" if renamed else suggestion(name, product.columns)


def expected_type(expected: ExpectedField) -> str:
    """The expected type in one spelling; empty when any will do."""
    if expected.type is None:
        return ""
    return "timestamptz" if expected.type.strip().lower() == "timestamptz" else str(parse_type(expected.type))


def reads_as(given: str, wanted: str) -> bool:
    """Whether values of type ``given`` are read as ``wanted``; a ``timestamp`` that says no zone takes either."""
    return widens(given, wanted) or resolves(given, wanted) or (given, wanted) == ("timestamptz", "timestamp")


def _never_null(field: SchemaField, product: DataProduct) -> bool:
    return not field.nullable or any(
        check.expectation == NOT_NULL and check.column == field.name and check.severity == "error" and check.mostly == 1
        for check in contract_checks(product)
    )


def _check(check: QualityCheck, path: Path_, product: DataProduct) -> Iterator[Gap]:
    missing = [(where, name) for where, name in named_columns(check) if name not in product.columns]
    for where, name in missing:
        message = f"{product.address} has no column '{name}'{_hint(str(name), product)}"
        yield Gap((*path, *where), message, "broken", check.severity)
    if missing:
        return
    field = product.columns.get(check.column or "")
    wrong = tuple(value_findings(check, field)) if field else ()
    for spot, message in wrong:
        yield Gap((*path, *spot), f"{product.address}.{check.column}: {message}", "broken", check.severity)
    if wrong:
        return
    if less := _promise(check, product):
        state, message = less
        yield Gap(path, message, state, check.severity)


def _promise(check: QualityCheck, product: DataProduct) -> tuple[Literal["broken", "open"], str] | None:
    """What the contract promises in place of ``check`` when that is less; None when it promises all of it."""
    wanted = kwargs_of(check)
    said = [one for one in contract_checks(product) if one.expectation == check.assertion and _same(wanted, one.kwargs)]
    field = product.columns.get(str(wanted.get("column")))
    if check.assertion == "expect_column_to_exist" or _implied(check, said, field):
        return None
    parts = _sides(wanted)
    looser = [one for one in said if any(_relation(one, part, field) not in {"", "changed"} for part in parts)]
    expected = _in_words(check.assertion, wanted, check.severity)
    if not looser:
        return "open", f"{product.address} does not promise {expected}"
    promised = " and ".join(_in_words(one.expectation, one.kwargs, one.severity) for one in looser)
    return "broken", f"{product.address} promises {promised}, expected {expected}"


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two checks are about the same columns."""
    return all(_listed(one.get(key)) == _listed(other.get(key)) for key in _COLUMNS)


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _implied(check: QualityCheck, said: Sequence[Check], field: SchemaField | None) -> bool:
    """Whether the promises ``said`` keep ``check``, one bound each if need be; rows that break several add up."""
    strong = [one for one in said if one.severity == "error" or check.severity == "warn"]
    missing = 0.0
    for part in _sides(kwargs_of(check)):
        kept = [1 - one.mostly for one in strong if _relation(one, part, field) in {"same", "tighter"}]
        missing += min(kept, default=1.0)
    allowed = 1 - (check.threshold if check.threshold is not None else 1)
    return missing <= allowed + _ROUNDING


def _sides(kwargs: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """A check with two bounds as two checks with one each; any other as it is."""
    if kwargs.get("min_value") is None or kwargs.get("max_value") is None:
        return (kwargs,)
    return tuple(_without(kwargs, side) for side in _BOUNDS)


def _without(kwargs: Mapping[str, Any], side: str) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if not key.startswith(side) and not key.endswith(f"_{side}")}


def _relation(promise: Check, wanted: Mapping[str, Any], field: SchemaField | None) -> Relation | Literal[""]:
    """How what is promised compares with what is wanted; empty when it says nothing of the one bound wanted."""
    given: Mapping[str, Any] = promise.kwargs
    if len(bounded := [side for side in _BOUNDS if wanted.get(f"{side}_value") is not None]) == 1:
        given = _without(given, next(side for side in _BOUNDS if side not in bounded))
        if given.get(f"{bounded[0]}_value") is None:
            return ""
    if given.get("ignore_row_if") == "never":
        # No row is left out, which is at least as strict as whatever the expectation leaves out.
        given = {**given, "ignore_row_if": wanted.get("ignore_row_if")}
    old, new = (_values(kwargs, field) for kwargs in (wanted, given))
    expectation = registry.get(promise.expectation)
    if expectation is None:
        return "same" if old == new else "changed"
    return expectation.compare(old, new)


def _values(kwargs: Mapping[str, Any], field: SchemaField | None) -> dict[str, Any]:
    """The arguments with values that compare: of the column's type, times that are relative as distances."""
    kind = field.logical_type if field else None
    found: dict[str, Any] = {}
    for key, value in kwargs.items():
        if key in {"min_value", "max_value"} and isinstance(value, str):
            found[key] = comparable(value, kind)
        elif key == "value_set" and isinstance(value, list | tuple):
            found[key] = tuple(comparable(item, kind) if isinstance(item, str) else item for item in value)
        elif key != "mostly":
            found[key] = _listed(value)
    return found


def _in_words(expectation: str, kwargs: Mapping[str, Any], severity: str) -> str:
    said = ", ".join(f"{key} {value}" for key, value in kwargs.items() if key not in ("column", "mostly"))
    column = f" of {kwargs['column']}" if "column" in kwargs else ""
    share = f" for {float(kwargs['mostly']):.4%} of the rows".replace(".0000%", "%") if kwargs.get("mostly") else ""
    return f"{expectation}{column}{f' ({said})' if said else ''}{share}{', as a warning' if severity == 'warn' else ''}"


def _freshness(wanted: str | None, path: Path_, product: DataProduct) -> Iterator[Gap]:
    promised = product.spec.sla.freshness
    if wanted is None or (promised and parse_duration(promised) <= parse_duration(wanted)):
        return
    given = f"promises a freshness of {promised}" if promised else "promises no freshness"
    yield Gap(path, f"{product.address} {given}, expected {wanted}", "broken")
