from __future__ import annotations

from pathlib import Path

import dagster as dg

from mesh_orchestration.orchestration.metadata import column_schema, contract_metadata, owners, plain_json, tags
from tests.builders import product, settings_at


def test_a_column_shows_its_type_constraints_and_privacy() -> None:
    fields = {
        "household_id": {
            "type": "long",
            "pii": True,
            "masking": "hash",
            "unit": "",
            "constraints": {"primary_key": True, "min": 1},
        }
    }
    assert column_schema(product(fields=fields).fields) == dg.TableSchema(
        columns=[
            dg.TableColumn(
                "household_id",
                type="long",
                description="The household_id.",
                constraints=dg.TableColumnConstraints(nullable=False, unique=False, other=["primary key", "min 1"]),
                tags={"pii": "", "mask": "hash"},
            )
        ]
    )


def test_a_utc_timestamp_shows_as_an_instant() -> None:
    fields = {"at": {"type": "timestamp", "constraints": {"timezone": "UTC"}}}
    assert column_schema(product(fields=fields).fields).columns[0].type == "timestamptz"


def test_an_owner_is_an_address_or_a_team() -> None:
    found = owners([product(owner="team-a@example.com"), product(owner="team:b"), product(owner="team:b")])
    assert found == ["team-a@example.com", "team:b"]


def test_the_tags_of_a_contract_become_tags_to_filter_by() -> None:
    assert tags("orders", product(tags=["sales", "core data"])) == {
        "mesh/domain": "orders",
        "mesh/product": "order_lines",
        "mesh/status": "active",
        "mesh/tag.sales": "",
        "mesh/tag.core_data": "",
    }


def test_an_asset_links_to_its_contract_file(tmp_path: Path) -> None:
    contract = product().in_file("contracts/orders/order_lines/v1.yaml")
    metadata = contract_metadata(contract, settings_at(tmp_path))
    reference = metadata["dagster/code_references"].code_references[0]
    assert reference.file_path == str(tmp_path / "contracts/orders/order_lines/v1.yaml")
    assert metadata["mesh/address"] == "orders.order_lines.v1"


def test_values_json_does_not_know_become_text() -> None:
    assert plain_json({"a": {1}, "b": Path("x"), 3: None}) == {"a": [1], "b": "x", "3": None}
