"""Which files follow from the contracts, and what becomes of those that are stale."""

from __future__ import annotations

import json
from pathlib import Path

import avro.schema
import pytest
from jsonschema import Draft202012Validator

from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import MeshError
from tests.builders import contract_text, mesh_at, product, settings_at, write_contract
from tests.cli.mesh import mesh as run
from tests.compile.rows import every_type

LINES, REVENUE = "orders.order_lines.v1", "billing.revenue.v1"
SCHEMAS = [
    "contracts/orders/order_lines/generated/v1.avsc",
    "contracts/orders/order_lines/generated/v1.schema.json",
]
OF_LINES = [
    SCHEMAS[0],
    "contracts/contract.schema.json",
    SCHEMAS[1],
    "dbt_projects/orders/models/_generated/contracts.yml",
    "docs/products/README.md",
    "docs/products/orders.md",
]


def names(paths: tuple[Path, ...], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def found(root: Path) -> Mesh:
    return load_mesh(settings_at(root))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A mesh of one product with everything generated."""
    files.write(load_mesh(mesh_at(tmp_path, product(LINES))), tmp_path)
    return tmp_path


def kinds(root: Path) -> dict[str, str]:
    return {one.path.relative_to(root).as_posix(): one.kind for one in files.differences(found(root), root)}


def test_every_file_is_written_once(tmp_path: Path) -> None:
    mesh = load_mesh(mesh_at(tmp_path, product(LINES)))
    assert names(files.stale(mesh, tmp_path), tmp_path) == OF_LINES
    assert names(files.write(mesh, tmp_path), tmp_path) == OF_LINES
    assert files.write(mesh, tmp_path) == files.stale(mesh, tmp_path) == ()


def test_every_generated_file_carries_the_mark(written: Path) -> None:
    assert [path for path in files.generated_files(found(written), written) if files.MARK not in path.read_text()] == []


def test_generated_files_are_no_contracts(written: Path) -> None:
    assert list(map(str, found(written).require().products)) == [LINES]


def test_a_changed_contract_makes_its_own_files_stale(written: Path) -> None:
    mesh_at(written, product(LINES, fields={"order_id": "long"}))
    assert kinds(written) == dict.fromkeys(
        [*SCHEMAS, "dbt_projects/orders/models/_generated/contracts.yml", "docs/products/orders.md"], "outdated"
    )


def test_the_files_of_a_removed_product_are_removed(written: Path) -> None:
    mesh_at(written, product("orders.orders.v1"))
    files.write(found(written), written)
    (written / "contracts/orders/order_lines/v1.yaml").unlink()
    assert {path: kind for path, kind in kinds(written).items() if kind == "orphan"} == dict.fromkeys(SCHEMAS, "orphan")
    files.write(found(written), written)
    assert kinds(written) == {}
    assert not (written / SCHEMAS[0]).parent.exists()


def test_the_files_of_a_removed_domain_are_removed(written: Path) -> None:
    mesh_at(written, product(REVENUE))
    files.write(found(written), written)
    (written / "contracts/orders/order_lines/v1.yaml").unlink()
    files.write(found(written), written)
    assert list(written.glob("**/*orders*/**/*.*")) == []
    assert not (written / "docs/products/orders.md").exists()


def test_somebody_elses_file_is_never_removed(written: Path) -> None:
    own = written / "contracts/orders/order_lines/generated/v2.avsc"
    own.write_text('{"type": "string"}')
    page = written / "docs/products/notes.md"
    page.write_text("Our notes.\n")
    assert files.write(found(written), written) == ()
    assert (own.exists(), page.exists()) == (True, True)


@pytest.mark.parametrize("text", ["Written by hand.\n", "\xff\n"], ids=["text", "another encoding"])
def test_somebody_elses_file_in_the_way_is_not_overwritten(written: Path, text: str) -> None:
    place = written / SCHEMAS[0]
    place.write_text(text, encoding="latin-1")
    mesh_at(written, product(LINES, fields={"order_id": "long"}))
    before = (written / SCHEMAS[1]).read_text()
    assert kinds(written)[SCHEMAS[0]] == "foreign"
    with pytest.raises(MeshError, match=r"generated/v1.avsc: not generated.* move it away or delete it"):
        files.write(found(written), written)
    assert (place.read_text(encoding="latin-1"), (written / SCHEMAS[1]).read_text()) == (text, before)


def test_a_link_in_the_way_is_not_followed(written: Path) -> None:
    place, target = written / SCHEMAS[0], written / "elsewhere.avsc"
    target.write_text(place.read_text().replace("order_id", "x"))
    place.unlink()
    place.symlink_to(target)
    assert kinds(written) == {SCHEMAS[0]: "foreign"}


def test_nothing_is_written_behind_a_linked_folder(tmp_path: Path) -> None:
    root, outside = tmp_path / "mesh", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    mesh = load_mesh(mesh_at(root, product(LINES)))
    (root / "contracts/orders/order_lines/generated").symlink_to(outside)
    with pytest.raises(MeshError, match="behind a link"):
        files.write(mesh, root)
    assert (list(outside.iterdir()), (root / "docs").exists()) == ([], False)


def test_an_emptied_file_is_written_again(written: Path) -> None:
    (written / SCHEMAS[0]).write_text("")
    assert kinds(written) == {SCHEMAS[0]: "outdated"}
    files.write(found(written), written)
    assert kinds(written) == {}


def test_a_folder_in_the_way_is_named(written: Path) -> None:
    (written / SCHEMAS[0]).unlink()
    (written / SCHEMAS[0]).mkdir()
    with pytest.raises(MeshError, match=r"v1.avsc cannot be read: Is a directory"):
        files.stale(found(written), written)


def test_while_a_contract_is_broken_its_domains_files_wait(written: Path) -> None:
    mesh_at(written, product(REVENUE))
    files.write(found(written), written)
    write_contract(written, contract_text(LINES, owner="nobody"), at=LINES)
    assert kinds(written) == {}
    assert not any("orders" in path.parts for path in files.generated_files(found(written), written))


def test_the_schemas_are_what_their_formats_say(tmp_path: Path) -> None:
    mesh = load_mesh(mesh_at(tmp_path, product(LINES, fields=every_type, description='One row "per" |line|.')))
    files.write(mesh, tmp_path)
    schema = avro.schema.parse((tmp_path / SCHEMAS[0]).read_text())
    assert (schema.fullname, len(schema.fields)) == ("orders.order_lines", len(every_type))
    Draft202012Validator.check_schema(json.loads((tmp_path / SCHEMAS[1]).read_text()))


def test_a_person_checks_looks_writes_and_is_done(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(LINES))
    missing = run(settings, "compile", "--check")
    assert (missing.code, missing.out.splitlines()[0]) == (1, f"missing {SCHEMAS[0]}")
    assert run(settings, "compile").out.splitlines() == [f"written {name}" for name in OF_LINES]
    assert (run(settings, "compile", "--check").code, run(settings, "compile", "--check", "--json").json) == (
        0,
        {"stale": []},
    )


def test_a_difference_is_shown_as_git_shows_it(written: Path) -> None:
    mesh_at(written, product(LINES, version="1.0.1"))
    shown = run(settings_at(written), "compile", "--diff")
    assert shown.code == 1
    assert "--- a/docs/products/orders.md\n+++ b/docs/products/orders.md\n" in shown.out
    assert "-| version | 1.0.0, active |\n+| version | 1.0.1, active |\n" in shown.out
    as_json = run(settings_at(written), "compile", "--diff", "--json").json
    assert {"path": "docs/products/orders.md", "kind": "outdated"} in as_json["stale"]
    assert "+| version | 1.0.1, active |\n" in as_json["diff"]
    assert "1.0.0" in (written / "docs/products/orders.md").read_text()


def test_a_file_in_the_way_ends_the_command_with_its_name(written: Path) -> None:
    (written / SCHEMAS[0]).write_text("Written by hand.")
    checked, refused = run(settings_at(written), "compile", "--check"), run(settings_at(written), "compile")
    assert checked.out.splitlines()[0] == f"in the way {SCHEMAS[0]}"
    assert (checked.code, refused.code) == (1, 1)
    assert "move it away or delete it" in refused.err
