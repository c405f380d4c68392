"""Changes happen as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.result import Delivery, Result, write
from mesh_orchestration.scaffold.tree import Change, applied
from tests.scaffold.meshes import files_in


def test_changes_are_written_with_their_folders(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("old")
    with applied(tmp_path, [Change("a/b/new", None, b"new"), Change("kept", b"old", b"changed")]):
        pass
    assert files_in(tmp_path) == {"a/b/new": b"new", "kept": b"changed"}


def test_a_failure_afterwards_puts_everything_back(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("old")
    changes = [Change("a/b/new", None, b"new"), Change("kept", b"old", b"changed")]
    with pytest.raises(KeyboardInterrupt), applied(tmp_path, changes):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["kept"]
    assert (tmp_path / "kept").read_text() == "old"


def test_a_file_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("somebody else's")
    with (
        pytest.raises(MeshError, match="is there already"),
        applied(tmp_path, [Change("first", None, b"1"), Change("new", None, b"2")]),
    ):
        pass
    assert files_in(tmp_path) == {"new": b"somebody else's"}


def test_a_file_that_was_edited_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("edited")
    with (
        pytest.raises(MeshError, match="changed by somebody else"),
        applied(tmp_path, [Change("kept", b"old", b"changed")]),
    ):
        pass
    assert files_in(tmp_path) == {"kept": b"edited"}


def test_a_delivery_that_is_in_the_way_undoes_the_changes(tmp_path: Path) -> None:
    source, landing = tmp_path / "rows.csv", tmp_path / "landing"
    source.write_text("id\n1\n")
    landing.mkdir()
    (landing / "taken.csv").write_text("id\n2\n")
    deliveries = (Delivery(source, landing / "deep" / "rows.csv"), Delivery(source, landing / "taken.csv"))
    root = tmp_path / "mesh"
    root.mkdir()
    with pytest.raises(MeshError, match=r"taken\.csv is there already"):
        write(Result("x", (Change("contract", None, b""),), deliveries), root)
    assert (list(root.iterdir()), [path.name for path in landing.iterdir()]) == ([], ["taken.csv"])


def test_executable_files_stay_executable(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("old")
    (tmp_path / "run").chmod(0o755)
    with applied(tmp_path, [Change("run", b"old", b"new")]):
        pass
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o755
