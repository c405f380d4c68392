"""Which commit a plan compares with, and what it says when there is none."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.planning.git import Base, Repository
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.planning.repository import Repository as Tree
from tests.planning.repository import repository_at


def base(tree: Tree, against: str | None = None) -> Base:
    return Repository.of(tree.settings).base(against)


def clone(tree: Tree, to: Path, *options: str) -> Tree:
    tree.git("clone", "--quiet", *options, f"file://{tree.root}", str(to))
    return Tree(replace(tree.settings, root=to, home=to / ".mesh"), to)


def test_a_branch_is_compared_with_where_it_left_main(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    left = tree.git("rev-parse", "HEAD")
    tree.git("switch", "--quiet", "-c", "work")
    tree.commit("mine")
    tree.git("switch", "--quiet", "main")
    tree.commit("theirs")
    tree.git("switch", "--quiet", "work")
    assert base(tree) == Base(left, "the merge base with main")


def test_main_alone_is_compared_with_its_last_commit(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    assert base(tree) == Base(tree.git("rev-parse", "HEAD"), "the last commit")


def test_main_is_compared_with_what_was_pushed(tmp_path: Path) -> None:
    origin = repository_at(tmp_path / "origin", product())
    pushed = origin.git("rev-parse", "HEAD")
    tree = clone(origin, tmp_path / "clone")
    tree.commit("not pushed")
    assert base(tree) == Base(pushed, "the merge base with origin/main")


def test_the_newer_of_both_mains_counts_on_a_branch(tmp_path: Path) -> None:
    origin = repository_at(tmp_path / "origin", product())
    tree = clone(origin, tmp_path / "clone")
    newer = origin.commit("newer")
    tree.git("fetch", "--quiet")
    tree.git("switch", "--quiet", "-c", "work", "origin/main")
    tree.commit("mine")
    assert base(tree).commit == newer


def test_a_detached_checkout_of_a_pipeline_is_compared_with_origin(tmp_path: Path) -> None:
    origin = repository_at(tmp_path / "origin", product())
    left = origin.git("rev-parse", "HEAD")
    tree = clone(origin, tmp_path / "clone")
    tree.commit("mine")
    tree.git("switch", "--quiet", "--detach")
    tree.git("branch", "--quiet", "-D", "main")
    assert base(tree) == Base(left, "the merge base with origin/main")


def test_a_reference_is_taken_as_it_is_and_with_dots_as_the_merge_base(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    first = tree.git("rev-parse", "HEAD")
    tree.git("switch", "--quiet", "-c", "other")
    other = tree.commit("other")
    tree.git("switch", "--quiet", "main")
    assert base(tree, "other") == Base(other, "other")
    assert base(tree, "other...") == Base(first, "the merge base with other")


def test_without_a_commit_everything_is_new(tmp_path: Path) -> None:
    tree = Tree(mesh_at(tmp_path, product()), tmp_path)
    tree.git("init", "--quiet")
    found = tree.plan()
    assert found.against == "nothing, no commit yet"
    assert [one.status for one in found.products] == ["added"]


@pytest.mark.parametrize("against", ["nowhere", "--all", "", "HEAD~7", "nowhere..."])
def test_an_unknown_reference_is_named(tmp_path: Path, against: str) -> None:
    tree = repository_at(tmp_path, product())
    with pytest.raises(SettingsError, match="is not a commit, branch or tag here; see git branch --all"):
        base(tree, against)


def test_a_folder_outside_git_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"not a git repository.*git init"):
        Repository.of(mesh_at(tmp_path, product()))


def test_a_repository_without_main_asks_for_a_reference(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.git("branch", "--quiet", "-m", "trunk")
    with pytest.raises(SettingsError, match="no branch main; or say what to compare with: mesh plan --against REF"):
        base(tree)


def test_a_shallow_clone_without_a_common_commit_says_how_to_deepen_it(tmp_path: Path) -> None:
    origin = repository_at(tmp_path / "origin", product())
    origin.git("switch", "--quiet", "-c", "work")
    origin.commit("mine")
    origin.git("switch", "--quiet", "main")
    origin.commit("theirs")
    tree = clone(origin, tmp_path / "clone", "--depth=1", "--no-single-branch")
    tree.git("switch", "--quiet", "work")
    with pytest.raises(SettingsError, match=r"no commit in common, and this clone is shallow.*--unshallow.*GIT_DEPTH"):
        base(tree)


def test_a_machine_without_git_is_told_so(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(), PATH=str(tmp_path))
    with pytest.raises(SettingsError, match="git is not installed"):
        Repository.of(settings)


def test_a_mesh_below_the_top_of_its_repository_sees_only_its_own_files(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product("other.things.v1"))
    inner = mesh_at(tmp_path / "mesh", product())
    tree.commit("a mesh inside")
    tree.write(product("other.things.v1", version="1.0.1"))
    mesh_at(tmp_path / "mesh", product(version="1.0.1"))
    repository = Repository.of(inner)
    changed = repository.changed(repository.base(), ("contracts",))
    assert (repository.prefix, changed) == ("mesh/", {"contracts/orders/order_lines/v1.yaml"})


def test_a_hook_of_another_repository_does_not_lead_astray(tmp_path: Path) -> None:
    tree = repository_at(tmp_path / "mesh", product())
    (tmp_path / "other").mkdir()
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "other")], check=True, timeout=60)
    hooked = Settings(tree.root, tree.root / ".mesh", {"GIT_DIR": str(tmp_path / "other" / ".git")})
    assert Repository.of(hooked).base().commit == tree.git("rev-parse", "HEAD")


def test_changed_files_are_edited_new_and_gone_ones_but_not_ignored_ones(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product(), product("orders.orders.v1"))
    tree.write(product(version="1.0.1"))
    tree.remove("orders.orders.v1")
    tree.file("contracts/orders/ünd neu/v1.yaml", "new")
    tree.file("dbt_projects/orders/target/manifest.json", "{}")
    repository = Repository.of(tree.settings)
    assert repository.changed(repository.base(), ("contracts", "dbt_projects")) == {
        "contracts/orders/order_lines/v1.yaml",
        "contracts/orders/orders/v1.yaml",
        "contracts/orders/ünd neu/v1.yaml",
    }
