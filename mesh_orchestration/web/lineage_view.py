"""Which part of the lineage a page shows: from the catalog's graph to the cards and lines of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode

from sqlalchemy import Connection, select

from mesh_orchestration.catalog.lineage_model import ColumnKey, NodeKey
from mesh_orchestration.catalog.near import Sight, columns_near, near
from mesh_orchestration.catalog.nodes import dataset
from mesh_orchestration.catalog.products import Product, summaries
from mesh_orchestration.catalog.tables_products import DOMAINS
from mesh_orchestration.contract.address import Address
from mesh_orchestration.lineage.names import Places
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.graph import Card, Line, Picture, Row, draw
from mesh_orchestration.web.labels import Label, Labels

Show = Literal["products", "tables", "jobs"]
SHOWS: Mapping[Show, str] = {"products": "Products", "tables": "Every table", "jobs": "Tables and jobs"}
MOST_CARDS, MOST_ROWS, GROUPS = 120, 60, 8
Pair = tuple[NodeKey, NodeKey]


@dataclass(frozen=True)
class Asked:
    """What the address of a page asks for: ``up`` and ``down`` in steps between cards, 0 for none; ``column`` follows
    one column of ``node``."""

    node: NodeKey
    up: int = 2
    down: int = 2
    show: Show = "products"
    columns: bool = False
    column: str = ""

    def link(self, **other: object) -> str:
        """The address of the same page with something else asked."""
        changed = replace(self, **other)  # type: ignore[arg-type]
        said = {"node": str(changed.node), "up": changed.up, "down": changed.down, "show": changed.show}
        said |= {"columns": 1} if changed.columns else {}
        said |= {"column": changed.column} if changed.column else {}
        return f"/lineage?{urlencode(said)}"


@dataclass(frozen=True)
class View:
    """The picture, and how many cards did not fit; ``steps`` say the same in words: who, from whom, which columns."""

    picture: Picture
    hidden: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Step:
    """One line of the picture in words; ``columns`` as (of the source, of the target)."""

    source: Card
    target: Card
    columns: tuple[tuple[str, str], ...] = ()


class Looks:
    """What nodes are, for one mesh: which are its products, which its own tables, and which come from elsewhere."""

    def __init__(self, conn: Connection, settings: Settings) -> None:
        self._places = Places(settings)
        self._labels = Labels(settings)
        self.now = settings.now()
        self.domains: tuple[str, ...] = tuple(conn.execute(select(DOMAINS.c.name).order_by(DOMAINS.c.name)).scalars())
        self._known = frozenset(self.domains)

    def product(self, node: NodeKey) -> Address | None:
        """The address of the product that a node is."""
        if node.kind != "dataset" or node.namespace != self._places.namespace:
            return None
        try:
            return Address.parse(node.name)
        except ValueError:
            return None

    def node(self, address: Address) -> NodeKey:
        """The node of a product."""
        name = self._places.product(address)
        return NodeKey("dataset", name.namespace, name.name)

    def domain(self, node: NodeKey) -> str:
        """The domain that a node belongs to; empty for what comes from outside the mesh."""
        if address := self.product(node):
            return address.domain
        if node.kind == "job":
            first = node.name.split(".", 1)[0]
            return first if node.namespace == self._places.namespace and first in self.domains else ""
        return table[0] if (table := self._labels.table(node)) and table[0] in self._known else ""

    def table_of(self, node: NodeKey) -> str:
        """The domain in whose engine a table is; empty for everything else."""
        return self.domain(node) if self.kind(node) == "table" else ""

    def product_of(self, node: NodeKey) -> str:
        """The domain of a product; empty for everything else."""
        address = self.product(node)
        return address.domain if address else ""

    def kind(self, node: NodeKey) -> str:
        if self.product(node):
            return "product"
        if node.kind == "job":
            return "job"
        return "table" if self.domain(node) else "outside"

    def label(self, node: NodeKey) -> Label:
        """What people call it: a product by its address."""
        return Label("", node.name, node.name) if self.product(node) else self._labels.of(node)

    def card(self, node: NodeKey, link: str, product: Product | None = None) -> Card:
        address, domain, label = self.product(node), self.domain(node), self.label(node)
        title = f"{address.product}.v{address.major}" if address else node.name
        if domain and not address:
            title = node.name.rsplit(".", 1)[-1] if node.kind == "dataset" else node.name.split(".", 1)[-1]
        elif not domain:
            title = "/".join(label.name.rstrip("/").rsplit("/", 2)[-2:])
        group = self.domains.index(domain) % GROUPS if domain in self.domains else -1
        note = product.owner if product else self.kind(node)
        state = product.health if product and product.health != "good" else ""
        whole = "" if address else label.whole
        return Card(
            str(node), title, self.kind(node), domain or label.place, group, note, link, state=state, whole=whole
        )


def view(conn: Connection, looks: Looks, asked: Asked) -> View:
    """What ``asked`` shows; a single card when nobody has told of anything next to its node."""

    def wanted(node: NodeKey, at_the_end: bool) -> bool:
        return _shown(looks, node, asked.show, at_the_end=at_the_end)

    sight = Sight(wanted, looks.table_of, looks.product_of) if asked.show == "products" else Sight(wanted)
    found = near(conn, asked.node, sight, up=asked.up, down=asked.down, most=MOST_CARDS)
    asked = replace(asked, node=found.nodes[0])
    shown: Sequence[NodeKey] = found.nodes
    rows: dict[NodeKey, tuple[Row, ...]] = {}
    lines: dict[Pair, list[tuple[str, str]]] = {}
    if asked.columns and asked.node.kind == "dataset":
        rows, lines = _columns(conn, asked, columns_near(conn, asked.node, asked.column, sight, shown))
        if asked.column:
            shown = [node for node in shown if node == asked.node or node in rows]
    addresses = [str(address) for node in shown if (address := looks.product(node))]
    known = summaries(conn, addresses, now=looks.now)
    cards = {
        node: replace(
            looks.card(node, asked.link(node=node, column=""), known.get(node.name)),
            rows=rows.get(node, ()),
            chosen=node == asked.node,
        )
        for node in shown
    }
    pairs = [(source, target) for source, target in found.edges if source in cards and target in cards]
    drawn = [line for pair in pairs for line in _lines(pair, lines)]
    steps = [Step(cards[one], cards[other], tuple(lines.get((one, other), ()))) for one, other in pairs]
    steps.sort(key=lambda step: (step.source.group_name, step.source.title, step.target.group_name, step.target.title))
    return View(draw(tuple(cards.values()), drawn), found.hidden, tuple(steps))


def _shown(looks: Looks, node: NodeKey, show: Show, *, at_the_end: bool) -> bool:
    """Jobs of others stay where a way begins or ends, as nothing else would say that they are there."""
    if show == "jobs":
        return True
    if node.kind == "job":
        return at_the_end and not looks.domain(node)
    return show == "tables" or looks.kind(node) != "table"


def _columns(
    conn: Connection, asked: Asked, found: Sequence[tuple[ColumnKey, ColumnKey]]
) -> tuple[dict[NodeKey, tuple[Row, ...]], dict[Pair, list[tuple[str, str]]]]:
    """The rows of the cards, and the lines between them, by pair of cards."""
    pairs: dict[Pair, list[tuple[str, str]]] = {}
    names: dict[NodeKey, dict[str, None]] = {}
    for source, target in found:
        if source.dataset != target.dataset:
            pairs.setdefault((source.dataset, target.dataset), []).append((source.field, target.field))
            names.setdefault(source.dataset, {})[source.field] = None
            names.setdefault(target.dataset, {})[target.field] = None
    if known := dataset(conn, asked.node.namespace, asked.node.name):
        names[asked.node] = dict.fromkeys(field.name for field in known.fields) | names.get(asked.node, {})
    return {node: _rows(asked, node, said) for node, said in _in_order(asked.node, names, pairs).items()}, pairs


def _in_order(
    node: NodeKey, names: Mapping[NodeKey, Iterable[str]], pairs: Mapping[Pair, Sequence[tuple[str, str]]]
) -> dict[NodeKey, list[str]]:
    """The rows of the node as its schema has them, those of its neighbours in the order of what they hang on."""
    place = {(node, name): number for number, name in enumerate(names.get(node, ()))}
    for (left, right), between in pairs.items():
        for one, other in between:
            if left == node:
                place.setdefault((right, other), place.get((left, one), 0))
            elif right == node:
                place.setdefault((left, one), place.get((right, other), 0))
    return {one: _placed(one, said, place) for one, said in names.items()}


def _placed(node: NodeKey, names: Iterable[str], place: Mapping[tuple[NodeKey, str], int]) -> list[str]:
    return sorted(names, key=lambda name: (place.get((node, name), 0), name))


def _rows(asked: Asked, node: NodeKey, names: Sequence[str]) -> tuple[Row, ...]:
    return tuple(
        Row(
            name,
            link=asked.link(node=node, column=name, columns=True),
            marked=bool(asked.column) and (node != asked.node or name == asked.column),
        )
        for name in names[:MOST_ROWS]
    )


def _lines(pair: Pair, lines: Mapping[Pair, Sequence[tuple[str, str]]]) -> Iterable[Line]:
    """One line a pair of columns; one from card to card where no column is known to go."""
    source, target = (str(node) for node in pair)
    if pair not in lines:
        yield Line(source, target, kind="whole")
    for one, other in lines.get(pair, ()):
        yield Line(source, target, one, other, kind="column")
