"""A person in the domains' engines: the tables that hold them, and the messages that were put aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.engines.base import LEDGER, engine_for
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.forgetting import ForgettingEngine
from mesh_orchestration.engines.landing import landing_table, port_of
from mesh_orchestration.errors import EngineError
from mesh_orchestration.privacy.identifiers import Identifiers
from mesh_orchestration.privacy.subject import Subject
from mesh_orchestration.settings import Settings

TEXTS = ("VARCHAR", "text", "character varying")


@dataclass(frozen=True)
class Table:
    """A table of an engine that may hold the person; ``port`` is set for a landing table, ``holding`` maps the
    columns that name people to the text of the person's key in them."""

    name: str
    holding: dict[str, str]
    port: str = ""


def forgetting(settings: Settings, domain: str) -> ForgettingEngine:
    """The engine of the domain, not yet opened; raises EngineError when it cannot be made to forget."""
    engine = engine_for(settings, domain)
    if not isinstance(engine, ForgettingEngine):
        raise EngineError(f"the engine '{settings.engine(domain)}' of {domain} has no way to forget a person")
    return engine


def tables_of(engine: ForgettingEngine, naming: Identifiers, subject: Subject) -> Iterator[Table]:
    """The tables of an open engine with a column that names people and can hold this person's key."""
    for name, columns in engine.tables().items():
        if name == LEDGER or name.startswith("refused__"):
            continue
        port = port_of(name) if name == landing_table(port_of(name)) else ""
        kinds = naming.landed.get((engine.domain, port), {}) if port else {}
        wanted = tuple(kinds) or naming.of_table(engine.domain, name, columns)
        holding = {one: text for one in wanted if one in columns and (text := _text(subject, columns[one]))}
        if holding:
            yield Table(name, holding, port)


def ports_of(mesh: Mesh, domain: str) -> tuple[str, ...]:
    """The names of the domain's input ports."""
    return tuple(
        sorted({port.name for product in mesh.products.values() if product.domain == domain for port in product.inputs})
    )


def _text(subject: Subject, spelled: str) -> str | None:
    """The person's key as a column of this type of the engine has it."""
    if spelled.split("(")[0] in TEXTS:
        return subject.key
    try:
        kind = Column.from_duckdb("", spelled).type
    except ValueError:
        kind = LogicalType("string" if spelled.startswith("ENUM") else "binary")
    return subject.text(kind)
