"""The product that docs/dialects.md shows in three forms is one product."""

from __future__ import annotations

import re
from pathlib import Path

from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.contract.mesh import contract_files
from tests.builders import contract_text, write_contract

PAGE = Path(__file__).resolve().parents[3] / "docs" / "dialects.md"


def test_the_three_forms_on_the_page_load_as_one_product(tmp_path: Path) -> None:
    write_contract(tmp_path, contract_text("customers.customer_profiles.v1"), at="customers.customer_profiles.v1")
    blocks = re.findall(r"```(yaml|json)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert [language for language, _ in blocks] == ["yaml", "yaml", "json", "yaml"]
    native, short, schema, odcs = (text for _, text in blocks)
    path = write_contract(tmp_path, native, at="commerce.orders_enriched.v1")
    (path.parent / "schemas").mkdir()
    (path.parent / "schemas" / "orders-enriched.avsc").write_text(schema)
    found = []
    for text in (native, short, odcs):
        path.write_text(text)
        found.append(load_product(path, root=tmp_path))
    assert found[0] == found[1] == found[2]
    assert len(contract_files(tmp_path)) == 2
