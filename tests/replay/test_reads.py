"""Only a mesh that reads the example source is given it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.replay.reads import is_read
from tests.builders import mesh_at, product


@pytest.mark.parametrize(
    ("path", "expected"),
    [("transactions/*.parquet", True), ("products/catalog/*.csv", False), ("/srv/transactions/*.parquet", False)],
)
def test_the_example_source_is_read_through_its_own_folders_alone(tmp_path: Path, path: str, expected: bool) -> None:
    port = {"name": "rows", "type": "batch", "path": path, "columns": {"id": "long"}}
    assert is_read(mesh_at(tmp_path, product(inputs=[port]))) is expected
