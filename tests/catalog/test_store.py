"""Opening the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.errors import StorageError
from tests.builders import settings_at


def test_a_catalog_of_a_newer_version_is_left_alone_and_says_so(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    with open_catalog(settings) as catalog, catalog.writing() as connection:
        connection.execute(text("update alembic_version set version_num = 'm9999'"))
    with pytest.raises(StorageError) as refused:
        open_catalog(settings)
    said = str(refused.value)
    assert said.startswith(f"the catalog in {Catalog.place.path(settings)} is of a newer version of the mesh: ")
    assert "this one does not know its tables of m9999; install the newer one, or move the catalog away" in said
    assert said.endswith("write it anew: mesh catalog rebuild")
