"""What people call a dataset or a job: OpenLineage's names are unique everywhere, and so hold paths of machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.search import Hit, Span
from mesh_orchestration.lineage.names import Places
from mesh_orchestration.settings import Settings

_FILES = "file"


@dataclass(frozen=True)
class Label:
    """A short ``name``, which is how the whole one ends, and the ``place`` it is in; ``whole`` is both in full."""

    place: str
    name: str
    whole: str

    def __str__(self) -> str:
        return f"{self.place} · {self.name}" if self.place else self.name


class Labels:
    """The labels of what one mesh knows of."""

    def __init__(self, settings: Settings) -> None:
        self._places = Places(settings)
        self._landing = PurePosixPath(settings.landing_dir)

    def of(self, node: NodeKey) -> Label:
        """The label of a dataset or a job."""
        whole = f"{node.namespace} {node.name}"
        if table := self.table(node):
            return Label(f"{table[0]} engine", ".".join(table), whole)
        place, name = self._file(node) or (_host(node.namespace), node.name)
        return Label(place, name, whole)

    def table(self, node: NodeKey) -> tuple[str, str] | None:
        """The domain in whose engine a table would be, and its name there; None for everything else. The name of the
        node is database, schema and table, and the schema is the domain."""
        parts = node.name.rsplit(".", 2)
        if node.kind != "dataset" or len(parts) != 3:
            return None
        engine = self._places.relation(parts[1], parts[2])
        return (parts[1], parts[2]) if (engine.namespace, engine.name) == (node.namespace, node.name) else None

    def of_hit(self, hit: Hit) -> Label:
        """The label of what search found: of a product its address."""
        if hit.kind == "product":
            return Label("", hit.key, hit.key)
        name = "".join(span.text for span in hit.title)
        return self.of(NodeKey("job" if hit.kind == "job" else "dataset", hit.key[: -len(name) - 1], name))

    def _file(self, node: NodeKey) -> tuple[str, str] | None:
        if node.kind != "dataset" or node.namespace != _FILES:
            return None
        path = PurePosixPath(node.name)
        if path.is_relative_to(self._landing) and path != self._landing:
            return "landing files", str(path.relative_to(self._landing))
        return "files", "/".join(path.parts[-2:]).lstrip("/")


def ending(title: Sequence[Span], name: str) -> tuple[Span, ...]:
    """The last pieces of ``title``, which ends with ``name``, as long as that is."""
    left, found = len(name), list[Span]()
    for span in reversed(title):
        if left <= 0:
            break
        found.insert(0, Span(span.text[-left:], span.hit))
        left -= len(span.text)
    return tuple(found)


def _host(namespace: str) -> str:
    """A namespace without the folders of a machine."""
    parts = urlsplit(namespace)
    if parts.scheme and not parts.netloc and parts.path.count("/") > 1:
        return f"{parts.scheme} {PurePosixPath(parts.path).name}"
    return namespace
