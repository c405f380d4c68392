"""``mesh contract diff`` and ``mesh contract changelog`` as a person runs them, in real git repositories."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.loader import dump_product
from mesh_orchestration.contract.model import DataProduct
from tests.builders import FIELDS, product
from tests.cli.mesh import mesh
from tests.planning.repository import Repository, repository_at

pytestmark = pytest.mark.slow  # each command is a process of its own
LESS = {name: said for name, said in FIELDS.items() if name != "amount"}
MORE = FIELDS | {"note": "string"}
V1 = "orders.order_lines.v1"


def kinds(answer: Any) -> list[str]:
    return [change["kind"] for change in answer.json["verdict"]["changes"]]


def test_the_working_tree_against_the_last_commit(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.write(product(version="1.0.1", fields=LESS))
    said = mesh(tree.settings, "contract", "diff", V1)
    assert said.code == 1
    assert "field.removed" in said.out
    assert "takes a major version" in said.out
    assert "give it its own file v2.yaml in contracts/orders/order_lines/" in said.out

    tree.write(product(version="1.1.0", fields=MORE))
    said = mesh(tree.settings, "contract", "diff", V1, "HEAD", "--json")
    assert (said.code, kinds(said)) == (0, ["field.added"])
    assert said.json["verdict"]["required"] == said.json["verdict"]["given"] == "minor"
    change = said.json["verdict"]["changes"][0]
    assert (change["consumer"], change["producer"], change["path"]) == (
        "compatible", "compatible", "spec.schema.fields[3]",
    )  # fmt: skip


def test_one_major_against_the_next_and_a_new_product_against_nothing(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.write(product("orders.order_lines.v2", fields=LESS, model="lines_v2"), product("web.clicks.v1"))
    said = mesh(tree.settings, "contract", "diff", V1, "orders.order_lines.v2", "--json")
    assert (said.code, kinds(said)) == (0, ["field.removed"])
    since = mesh(tree.settings, "contract", "diff", "orders.order_lines.v2", "--json")
    assert (since.code, kinds(since), since.json["old"]["version"]) == (0, ["field.removed"], "1.0.0")
    fresh = mesh(tree.settings, "contract", "diff", "web.clicks.v1")
    assert (fresh.code, "is new since" in fresh.out) == (0, True)


def test_two_files_from_anywhere_and_a_broken_one(tmp_path: Path) -> None:
    tree = repository_at(tmp_path / "mesh", product())
    files = [tmp_path / "old.yaml", tmp_path / "new.yaml"]
    for file, one in zip(files, (product(), product(version="1.1.0", fields=MORE)), strict=True):
        file.write_text(dump_product(one))
    said = mesh(tree.settings, "contract", "diff", *map(str, files), "--json")
    assert (said.code, kinds(said)) == (0, ["field.added"])
    files[1].write_text(files[1].read_text().replace("type: string", "type: strng", 1))
    broken = mesh(tree.settings, "contract", "diff", *map(str, files))
    assert broken.code == 2
    assert "new.yaml:" in broken.err
    assert "'strng' is not a type; did you mean 'string'?" in broken.err


def test_a_word_that_is_nothing_is_met_with_an_answer(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    assert "did you mean 'orders.order_lines.v1'?" in mesh(tree.settings, "contract", "diff", "orders.order_line").err
    gone = mesh(tree.settings, "contract", "diff", V1, "no-such-branch")
    assert (gone.code, "'no-such-branch' is not a commit" in gone.err) == (2, True)


def transitive(version: str, **fields: Any) -> DataProduct:
    data = product(version=version, fields={"id": "long"} | fields).model_dump(by_alias=True, exclude_unset=True)
    data["spec"]["schema"] |= {"type": "avro", "compatibility": "full_transitive"}
    return DataProduct.model_validate(data)


def test_a_transitive_mode_looks_back_through_the_history(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, transitive("1.0.0", note="long"))
    tree.write(transitive("1.1.0", other="long"))
    tree.commit()
    tree.write(transitive("1.2.0", other="long", note="string"))
    said = mesh(tree.settings, "contract", "diff", V1)
    assert said.code == 1
    assert "version 1.2.0 cannot read what was written under 1.0.0" in said.out.replace("\n", " ")


def history_of(tmp_path: Path) -> Repository:
    tree = repository_at(tmp_path, product(), product("web.clicks.v1"))
    tree.git("commit", "-q", "--amend", "--no-edit", "--date=2026-01-01T00:00:00+00:00")
    tree.write(product(version="1.1.0", fields=MORE))
    tree.git("commit", "-qam", "note", "--date=2026-02-02T00:00:00+00:00")
    return tree


def test_the_changelog_of_a_product_is_markdown(tmp_path: Path) -> None:
    tree = history_of(tmp_path)
    said = mesh(tree.settings, "contract", "changelog", "orders.order_lines")
    assert said.code == 0
    assert said.out == (
        "# Changelog of orders.order_lines\n\n## 1.1.0 (2026-02-02)\n\n**Compatible**\n\n"
        "- Column note (string) was added.\n\n## 1.0.0 (2026-01-01)\n\nFirst version: 3 columns, key order_id.\n"
    )
    wrong = mesh(tree.settings, "contract", "changelog", "orders.order_line")
    assert (wrong.code, "did you mean 'orders.order_lines'?" in wrong.err) == (1, True)


def test_the_changelogs_of_all_products_are_written_into_a_folder(tmp_path: Path) -> None:
    tree = history_of(tmp_path / "mesh")
    assert mesh(tree.settings, "contract", "changelog", "-o", str(tmp_path / "out")).code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["orders.order_lines.md", "web.clicks.md"]


def test_a_shallow_clone_says_where_its_history_begins(tmp_path: Path) -> None:
    tree = history_of(tmp_path / "origin")
    tree.git("clone", "-q", "--depth=1", f"file://{tree.root}", str(tmp_path / "clone"))
    settings = replace(tree.settings, root=tmp_path / "clone", home=tmp_path / "clone" / ".mesh")
    said = mesh(settings, "contract", "changelog", "orders.order_lines", "--json")
    assert said.code == 0
    assert said.json["notes"][0].startswith("This clone is shallow")
    assert [one["version"] for one in said.json["products"]["orders.order_lines"]] == ["1.1.0"]


def test_without_git_there_is_no_history(tmp_path: Path) -> None:
    tree = history_of(tmp_path)
    outside = mesh(tree.settings, "contract", "changelog", GIT_CEILING_DIRECTORIES=str(tmp_path), PATH="/nowhere")
    assert (outside.code, "git is not installed" in outside.err) == (2, True)
