"""The graph near a node: in steps between what is to be seen, over what is not."""

from __future__ import annotations

from mesh_orchestration.catalog.ingest import ingest
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.near import Near, Sight, columns_near, near
from mesh_orchestration.catalog.store import Catalog
from tests.catalog.lineage.told import column_sources, data, dataset, event


def told(catalog: Catalog, *ways: str) -> None:
    """``told(catalog, "a-b")``: a job makes b from a, and its column x from the same of a."""
    events = []
    for way in ways:
        source, target = way.split("-")
        made = dataset(target, columnLineage=column_sources(x=[(source, "x")]))
        events.append(event(way, reads=[source], writes=[made]))
    assert not ingest(catalog, events).refused


def capital(node: NodeKey, at_the_end: bool) -> bool:
    """What is to be seen here: datasets with a capital."""
    return node.kind == "dataset" and node.name[0].isupper()


def around(catalog: Catalog, name: str, *, up: int = 9, down: int = 9, most: int = 99) -> Near:
    with catalog.reading() as conn:
        return near(conn, data(name), Sight(capital), up=up, down=down, most=most)


def test_what_is_not_wanted_is_passed_over(catalog: Catalog) -> None:
    told(catalog, "A-b", "b-c", "c-D", "b-E")
    found = around(catalog, "A")
    assert found.nodes == (data("A"), data("D"), data("E"))
    assert set(found.edges) == {(data("A"), data("D")), (data("A"), data("E"))}


def test_steps_are_counted_between_what_is_to_be_seen(catalog: Catalog) -> None:
    told(catalog, "A-b", "b-C", "C-d", "d-E", "E-F")
    assert around(catalog, "C", up=0, down=1).nodes == (data("C"), data("E"))
    assert around(catalog, "C", up=1, down=0).nodes == (data("C"), data("A"))
    assert around(catalog, "A", up=0, down=2).nodes == (data("A"), data("C"), data("E"))


def test_the_node_asked_for_is_shown_whatever_it_is(catalog: Catalog) -> None:
    told(catalog, "A-b", "b-C")
    found = around(catalog, "b")
    assert found.nodes == (data("b"), data("A"), data("C"))
    assert set(found.edges) == {(data("A"), data("b")), (data("b"), data("C"))}


def test_an_edge_that_passes_the_node_by_is_shown_too(catalog: Catalog) -> None:
    told(catalog, "A-B", "B-C", "A-C")
    assert (data("A"), data("C")) in around(catalog, "B").edges


def test_a_circle_ends(catalog: Catalog) -> None:
    told(catalog, "A-b", "b-C", "C-A", "b-b")
    found = around(catalog, "A")
    assert set(found.edges) == {(data("A"), data("C")), (data("C"), data("A"))}


def test_too_many_are_counted_and_the_nearest_shown(catalog: Catalog) -> None:
    told(catalog, *(f"A-B{number}" for number in range(9)), "B0-Far")
    found = around(catalog, "A", most=4)
    assert len(found.nodes) == 4
    assert found.hidden == 7
    assert data("Far") not in found.nodes


def test_what_nobody_has_told_of_stands_alone(catalog: Catalog) -> None:
    assert around(catalog, "A") == Near((data("A"),))


def test_columns_go_over_what_is_not_wanted_and_end_at_what_is_not_shown(catalog: Catalog) -> None:
    told(catalog, "A-b", "b-C", "C-D", "D-E", "Z-A")
    with catalog.reading() as conn:
        shown = [data(name) for name in "AC"]
        found = columns_near(conn, data("A"), "x", Sight(capital), shown)
        whole = columns_near(conn, data("C"), "", Sight(capital), [*shown, data("Z"), data("D")])
    assert [(one.name, two.name) for one, two in found] == [("A", "C")]
    assert [(one.name, two.name) for one, two in whole] == [("A", "C"), ("C", "D"), ("Z", "A")]


def _merged() -> Sight:
    """Tables of one engine in small letters, products of its domain with a capital."""
    return Sight(
        capital,
        lambda node: "d" if node.kind == "dataset" and node.name[0].islower() else "",
        lambda node: "d" if capital(node, at_the_end=False) else "",
    )


def test_a_product_that_reads_the_table_of_another_in_their_domain_reads_that_product(catalog: Catalog) -> None:
    told(catalog, "stg-lines", "lines-Lines", "lines-orders", "orders-Orders", "Lines-far", "far-Far")
    with catalog.reading() as conn:
        for name in ("Orders", "Lines", "Far"):
            found = near(conn, data(name), _merged(), up=9, down=9, most=99)
            edges = {(one.name, two.name) for one, two in found.edges}
            assert ("Lines", "Orders") in edges or name == "Far"
            assert ("Lines", "Far") in edges or name == "Orders"
        pairs = columns_near(conn, data("Orders"), "x", _merged(), [data("Lines"), data("Orders")])
        down = columns_near(conn, data("Lines"), "x", _merged(), [data("Lines"), data("Orders")])
        table = near(conn, data("lines"), _merged(), up=0, down=1, most=99)
    assert [(one.name, two.name) for one, two in pairs] == [("Lines", "Orders")]
    assert down == pairs
    assert {one.name for one in table.nodes} == {"lines", "Lines", "Orders"}
