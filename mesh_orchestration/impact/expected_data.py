"""What consumers expect of a product, held against what is published: the audit's own engine asks the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesh_orchestration.compile.checks import NOT_NULL
from mesh_orchestration.contract.check_rules import kwargs_of
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.ports import ExpectedField
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.impact.expected import ConsumerContract, expected_type, reads_as
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.storage.catalog import Lake
    from mesh_orchestration.storage.snapshots import Snapshot


@dataclass(frozen=True)
class UnmetData:
    """An expectation that published rows do not keep; ``sample`` holds a few broken values, masked as the
    producer's contract masks them. ``snapshot_id`` is what was looked at."""

    message: str
    severity: str
    snapshot_id: int
    check: str = ""
    sample: tuple[Any, ...] = ()


def unmet_data(settings: Settings, mesh: Mesh, contract: ConsumerContract) -> tuple[UnmetData, ...] | None:
    """What the published snapshot does not keep of what ``contract`` expects; None when nothing is published.

    Raises StorageError when the lake cannot be read.
    """
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import published

    with open_lake(settings) as lake:
        snapshot = published(lake, contract.address)
        return None if snapshot is None else tuple(_unmet(settings, mesh, contract, lake, snapshot))


def _unmet(
    settings: Settings, mesh: Mesh, contract: ConsumerContract, lake: Lake, snapshot: Snapshot
) -> Iterator[UnmetData]:
    from mesh_orchestration.audit import SqlData, audit
    from mesh_orchestration.engines.session import file_reader
    from mesh_orchestration.publication.auditing import reason_of
    from mesh_orchestration.quoting import ident
    from mesh_orchestration.storage.scan import scan

    planned, number = scan(lake, snapshot), snapshot.snapshot_id
    for message in (*_wrong_columns(contract, planned.columns), *_late(settings, contract, snapshot)):
        yield UnmetData(message, "error", number)
    checks = _checks(contract, planned.columns)
    if not checks:
        return
    schema, table = contract.address.table
    masks = _masks(mesh, contract, planned.columns)
    with file_reader(settings) as connection:
        planned.attach(connection, schema, table)
        data = SqlData("duckdb", ident(schema, table), lambda sql: connection.execute(sql).fetchall())
        results = audit(checks, data, now=settings.now(), masks=masks, masking_key=settings.masking_key)
    for result in results:
        if not result.success:
            yield UnmetData(reason_of(result), result.check.severity, number, result.check.name, _sample(result))


def _sample(result: CheckResult) -> tuple[Any, ...]:
    return tuple(result.sample[:5])


def _masks(mesh: Mesh, contract: ConsumerContract, columns: Mapping[str, str]) -> Mapping[str, str]:
    """The masks of the producer's contract; without it nothing of the rows may be shown."""
    product = mesh.products.get(contract.address)
    if product is None:
        return dict.fromkeys(columns, "redact")
    return {field.name: field.mask for field in product.fields if field.mask}


def _wrong_columns(contract: ConsumerContract, columns: Mapping[str, str]) -> Iterator[str]:
    for field in contract.expects.fields:
        if field.name not in columns:
            yield f"{contract.address} was published without '{field.name}'{suggestion(field.name, columns)}"
        elif given := _misread(field, columns[field.name]):
            wanted = expected_type(field)
            yield f"{contract.address}.{field.name} was published as {given}, which cannot be read as {wanted}"


def _misread(field: ExpectedField, kind: str) -> str:
    """The published type where it cannot be read as the expected one; empty where it can."""
    from mesh_orchestration.engines.columns import Column

    wanted = expected_type(field)
    given = Column.from_duckdb(field.name, kind).word if kind else "a type that contracts do not have"
    return "" if not wanted or reads_as(given, wanted) else given


def _late(settings: Settings, contract: ConsumerContract, snapshot: Snapshot) -> Iterator[str]:
    wanted = contract.expects.freshness
    if wanted and settings.now() - snapshot.timestamp > parse_duration(wanted):
        at = f"{snapshot.timestamp:%Y-%m-%d %H:%M}"
        yield f"{contract.address} was last published {at} UTC, expected a freshness of {wanted}"


def _checks(contract: ConsumerContract, columns: Mapping[str, str]) -> Sequence[Check]:
    """The checks to run; a missing column has been reported and is not asked for its nulls."""
    expects = contract.expects
    fields = [field.name for field in expects.fields if field.null is False and field.name in columns]
    nulls = [Check(f"fields_{place}", NOT_NULL, {"column": name}) for place, name in enumerate(fields)]
    said = [
        Check(f"{one.name or 'checks'}_{place}", one.assertion, kwargs_of(one), one.severity)
        for place, one in enumerate(expects.checks)
    ]
    return (*nulls, *said)
