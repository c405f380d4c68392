"""Which columns name the same people."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError
from mesh_orchestration.privacy.identifiers import Identifiers
from tests.builders import mesh_at, product
from tests.orchestration.shop import write_project
from tests.privacy.people import asked, people_at

PERSON = {"type": "long", "pii": True, "masking": "hash"}


def naming(root: Path, *products: DataProduct, column: str = "") -> Identifiers:
    return asked(mesh_at(root, *products), "42", column).naming


def batch(name: str, **columns: str) -> list[dict[str, object]]:
    return [{"name": name, "type": "batch", "path": f"{name}/*.csv", "format": "csv", "columns": columns}]


def test_a_person_is_followed_through_renamed_columns_of_models_files_and_other_products(tmp_path: Path) -> None:
    found = asked(people_at(tmp_path)).naming

    assert {str(address): list(names) for address, names in found.products.items()} == {
        "billing.spend.v1": ["buyer"],
        "orders.order_lines.v1": ["customer"],
    }
    assert {port: list(names) for port, names in found.landed.items()} == {
        ("billing", "order_lines"): ["customer"],
        ("orders", "till"): ["customer"],
    }
    assert found.models["orders"]["int_lines"] == {"who"}
    assert "totals" not in found.models["billing"]


def test_equal_names_and_equal_semantics_are_the_same_people_wherever_they_stand(tmp_path: Path) -> None:
    found = naming(
        tmp_path,
        product("orders.lines.v1", fields={"household_id": PERSON, "n": "long"}),
        product("crm.people.v1", fields={"person": PERSON | {"semantics": "household"}}),
        product("crm.homes.v1", fields={"household_id": PERSON | {"semantics": "household"}},
                inputs=batch("visits", household_id="long", n="long")),
        product("stock.moves.v1", fields={"household_id": "long", "n": "long"}),
    )  # fmt: skip

    assert {str(address) for address in found.products} == {
        "orders.lines.v1", "crm.people.v1", "crm.homes.v1", "stock.moves.v1",
    }  # fmt: skip
    assert found.unclassified == ("stock.moves.v1.household_id",)
    assert list(found.landed["crm", "visits"]) == ["household_id"]


def test_a_name_that_says_nothing_joins_nobody(tmp_path: Path) -> None:
    found = naming(
        tmp_path,
        product("crm.people.v1", fields={"id": PERSON}, inputs=batch("people", id="long")),
        product("stock.items.v1", fields={"id": "long"}, inputs=batch("items", id="long")),
    )

    assert [str(address) for address in found.products] == ["crm.people.v1"]
    assert list(found.landed["stock", "items"]) == []


def test_a_landed_column_of_such_a_name_is_found_by_lineage(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product("crm.people.v1", fields={"id": PERSON}, inputs=batch("people", id="long")))
    write_project(tmp_path, "crm", {"people": "select id from {{ source('landing', 'people') }}"})

    assert list(asked(settings, "42").naming.landed["crm", "people"]) == ["id"]


def test_several_kinds_of_people_must_be_told_apart(tmp_path: Path) -> None:
    both = product("crm.people.v1", fields={"household_id": PERSON, "clerk_id": PERSON})

    with pytest.raises(MeshError, match=r"several kinds of people \(clerk_id; household_id\); say which with --column"):
        naming(tmp_path, both)
    assert naming(tmp_path, both, column="clerk_id").names == {"clerk_id"}


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("age", "column 'age' is personal, but its values do not tell one person from another"),
        ("n", "column 'n' names nobody"),
        ("househould_id", "names nobody; did you mean 'household_id'"),
    ],
)
def test_a_column_that_names_nobody_is_refused(tmp_path: Path, column: str, said: str) -> None:
    fields = {"household_id": PERSON, "age": {"type": "long", "pii": True, "masking": "generalise"}, "n": "long"}
    with pytest.raises(MeshError) as raised:
        naming(tmp_path, product("crm.people.v1", fields=fields), column=column)
    assert said in str(raised.value)
    assert "columns that name people: household_id" in str(raised.value)


def test_a_mesh_without_personal_columns_says_how_to_classify_them(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="no contract has a column that names people"):
        naming(tmp_path, product())
