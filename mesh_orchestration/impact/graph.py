"""Following columns through the models of one domain, from its marts up to what enters the domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mesh_orchestration.impact.columns import ANY, NOWHERE, Origin, Origins
from mesh_orchestration.impact.models import Model

Files = dict[Origin, set[str]]
"""Columns that enter, and the files of the models that take them."""


@dataclass(frozen=True)
class Traced:
    """What a set of models takes of what enters: by column the ``files`` that take it, ``into`` which columns
    of the result its values go, and whether it is ``deciding`` which rows there are. ``relations`` are all that
    enter; ``why`` says what cannot be told."""

    files: Mapping[Origin, frozenset[str]] = field(default_factory=dict)
    into: Mapping[Origin, tuple[str, ...]] = field(default_factory=dict)
    deciding: Origins = NOWHERE
    relations: Mapping[str, frozenset[str]] = field(default_factory=dict)
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """The models of a domain; ``entries`` are the relations where another product or a source begins."""

    models: Mapping[str, Model]
    entries: frozenset[str]

    def trace(self, root: Model, columns: Iterable[str]) -> Traced:
        """What ``root`` takes, with ``columns`` of its result wanted (``ANY`` for all it has)."""
        files: Files = {}
        relations: dict[str, set[str]] = {}
        deciding: set[Origin] = set()
        why: list[str] = []
        for model in self._behind(root):
            deciding |= self._reach(model, model.deciding).keys()
            for origin, found in self._reach(model, model.used).items():
                files.setdefault(origin, set()).update(found)
            for relation in model.relations:
                if self._enters(model, relation):
                    relations.setdefault(relation, set()).add(model.file)
            if model.why:
                why.append(f"{model.file}: {model.why}")
        into: dict[Origin, list[str]] = {}
        for column in columns:
            wanted = root.columns.all if column == ANY else root.columns.of(column.lower())
            for origin, found in self._reach(root, wanted).items():
                files.setdefault(origin, set()).update(found)
                if column != ANY:
                    into.setdefault(origin, []).append(column)
        return Traced(
            {origin: frozenset(found) for origin, found in files.items()},
            {origin: tuple(found) for origin, found in into.items()},
            frozenset(deciding),
            {relation: frozenset(found) for relation, found in relations.items()},
            tuple(why),
        )

    def behind(self, root: Model) -> frozenset[str]:
        """The names of ``root`` and of all models it is built from."""
        return frozenset(model.name for model in self._behind(root))

    def _behind(self, root: Model) -> Iterator[Model]:
        waiting, seen = [root], {root.name}
        while waiting:
            model = waiting.pop()
            yield model
            for relation in sorted(model.relations):
                if relation in self.models and relation not in seen and not self._enters(model, relation):
                    seen.add(relation)
                    waiting.append(self.models[relation])

    def _enters(self, model: Model, relation: str) -> bool:
        return relation in self.entries and relation != model.name

    def _reach(self, start: Model, origins: Origins) -> Files:
        """The columns of entries that ``origins`` (named in ``start``) lead back to, however far."""
        found: Files = {}
        waiting = [(start, origin) for origin in origins]
        seen = set(origins)
        while waiting:
            model, origin = waiting.pop()
            if self._enters(model, origin.relation):
                found.setdefault(origin, set()).add(model.file)
            elif source := self.models.get(origin.relation):
                further = source.columns.all if origin.column == ANY else source.columns.of(origin.column)
                # An entry is noted for each model that takes it, so only models are walked once.
                fresh = [one for one in further if one not in seen or self._enters(source, one.relation)]
                seen.update(fresh)
                waiting += [(source, one) for one in fresh]
        return found
