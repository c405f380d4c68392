"""What git remembers of contracts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.planning.git import Repository
from mesh_orchestration.planning.history import earlier, history, states
from tests.builders import FIELDS, product
from tests.planning.repository import Repository as Tree
from tests.planning.repository import repository_at

V1 = "contracts/orders/order_lines/v1.yaml"
AVRO = '{"type": "record", "name": "lines", "fields": [{"name": "id", "type": "long"}%s]}'
SHORT = """\
name: lines
domain: web
owner: team:web
outputs: [{name: lines-v1, format: parquet, location: "s3://mesh/web/lines/v1/", schema: ./lines.avsc}]
"""


def versions(tree: Tree) -> list[str]:
    return [past.product.version if past.product else "-" for past in history(Repository.of(tree.settings))]


def test_every_state_is_read_oldest_first(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    for version in ("1.1.0", "1.2.0"):
        tree.write(product(version=version))
        tree.commit()
    assert versions(tree) == ["1.0.0", "1.1.0", "1.2.0"]


def test_dates_are_the_author_s(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.write(product(version="1.1.0"))
    tree.git("commit", "-qam", "later", "--date=2026-02-03T04:05:06+01:00")
    assert history(Repository.of(tree.settings))[-1].at.isoformat() == "2026-02-03T04:05:06+01:00"


def test_a_merge_is_one_step_of_the_line_it_was_merged_into(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.git("switch", "-qc", "work")
    for version in ("1.1.0", "1.2.0"):
        tree.write(product(version=version))
        tree.commit()
    tree.git("switch", "-q", "main")
    tree.commit("elsewhere")
    tree.git("merge", "-q", "--no-ff", "-m", "merge", "work")
    assert versions(tree) == ["1.0.0", "1.2.0"]


def test_what_was_no_contract_by_today_s_words_is_left_out_and_said(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.file(V1, "apiVersion: datamesh.io/v0\n")
    tree.commit()
    tree.write(product(version="1.1.0"))
    tree.commit()
    assert [past.readable for past in history(Repository.of(tree.settings))] == [True, False, True]
    assert [one.product.version for one in states(history(Repository.of(tree.settings)), load_mesh(tree.settings))[
        "orders.order_lines"]] == ["1.0.0", "1.1.0"]  # fmt: skip


def test_a_file_beside_a_contract_changes_what_the_contract_says(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.file("contracts/web/lines/v1.yaml", SHORT)
    for more in ("", ', {"name": "note", "type": ["null", "string"]}'):
        tree.file("contracts/web/lines/lines.avsc", AVRO % more)
        tree.commit()
    found = [past.product for past in history(Repository.of(tree.settings), "contracts/web")]
    assert [list(one.columns) if one else None for one in found] == [["id"], ["id", "note"]]


def test_a_link_and_a_mesh_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    outer = repository_at(tmp_path)
    inner = Tree(replace(outer.settings, root=tmp_path / "mesh"), tmp_path)
    inner.write(product())
    (inner.root / "contracts/orders/order_lines/v2.yaml").symlink_to("/etc/hostname")
    inner.commit()
    assert versions(inner) == ["1.0.0"]


def test_states_end_with_what_is_not_committed_and_tell_what_went(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product(), product("web.clicks.v1"))
    tree.remove("web.clicks.v1")
    tree.commit()
    tree.write(product(version="1.1.0", fields=FIELDS | {"note": "string"}))
    found = states(history(Repository.of(tree.settings)), load_mesh(tree.settings))
    assert [(one.product.version, one.at is None, one.gone) for one in found["orders.order_lines"]] == [
        ("1.0.0", False, False),
        ("1.1.0", True, False),
    ]
    assert [one.gone for one in found["web.clicks"]] == [False, True]


def test_earlier_versions_are_those_before_the_commit(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product(owner="team:first"))
    for version, owner in (("1.0.0", "team:second"), ("1.1.0", "team:a"), ("1.2.0", "team:b")):
        tree.write(product(version=version, owner=owner))
        tree.commit()
    repository = Repository.of(tree.settings)
    found = earlier(repository, repository.base("HEAD"), product(version="1.2.0"))
    assert [(one.version, one.owner) for one in found] == [("1.0.0", "team:second"), ("1.1.0", "team:a")]
    before = earlier(repository, repository.base("HEAD~1"), product(version="1.1.0"))
    assert [one.version for one in before] == ["1.0.0"]


def test_a_repository_without_a_commit_remembers_nothing(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.git("switch", "-q", "--orphan", "empty")
    assert history(Repository.of(tree.settings)) == ()
