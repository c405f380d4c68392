"""What was read before is read faster, and never otherwise than from the files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.cache import WORTH_KEEPING
from mesh_orchestration.contract.loader import contract_path, dump_product
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, product, write_contract

REPOSITORY = Path(__file__).parents[2]
FIRST = "orders.lines_0.v1"
CONTRACTS = {f"orders.lines_{number}.v1": "" for number in range(WORTH_KEEPING)}


@pytest.fixture
def mesh(settings: Settings) -> Settings:
    """A mesh of just so many products that a pack is worth keeping."""
    for address in CONTRACTS:
        write_contract(settings.root, contract_text(address), at=address)
    return settings


def pack(settings: Settings) -> Path:
    (found,) = (settings.home / "cache" / "contracts").iterdir()
    return found


def said(mesh: Mesh) -> dict[str, tuple[str, str]]:
    return {str(address): (one.source, dump_product(one)) for address, one in mesh.require().products.items()}


def keys(text: str) -> list[str]:
    """What the lines of a pack are found by."""
    return [line.partition(" ")[0] for line in text.splitlines()]


def rewrite(place: Path, change: Callable[[str], str]) -> None:
    """Change what the pack says and seal it again."""
    text = change(place.read_text().partition("\n")[2])
    place.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def test_a_mesh_read_again_is_the_same(mesh: Settings) -> None:
    first = said(load_mesh(mesh))
    before = pack(mesh).read_bytes()
    assert said(load_mesh(mesh)) == first
    assert pack(mesh).read_bytes() == before


def test_the_second_reading_is_from_the_pack(mesh: Settings) -> None:
    load_mesh(mesh)
    rewrite(pack(mesh), lambda text: text.replace("One row per lines_0.", "One row per pack."))
    assert load_mesh(mesh).product(FIRST).metadata.description == "One row per pack."


def test_an_edited_contract_is_read_again(mesh: Settings) -> None:
    load_mesh(mesh)
    write_contract(mesh.root, contract_text(FIRST, description="One row per edit."), at=FIRST)
    assert load_mesh(mesh).product(FIRST).metadata.description == "One row per edit."


def test_a_contract_that_moved_is_read_at_its_new_place(mesh: Settings) -> None:
    load_mesh(mesh)
    old = mesh.root / contract_path(Address.parse(FIRST))
    new = old.parent.parent / "other" / "v1.yaml"
    new.parent.mkdir()
    old.rename(new)
    (problem,) = load_mesh(mesh).problems
    assert (problem.file, problem.path) == ("contracts/orders/other/v1.yaml", "metadata")


def test_a_broken_contract_is_refused_every_time(mesh: Settings) -> None:
    write_contract(mesh.root, contract_text("orders.bad.v1", owner="nobody"), at="orders.bad.v1")
    assert [len(load_mesh(mesh).problems) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"lines_0", b"lines_x"),
        lambda content: b"\xff" + content,
        lambda content: hashlib.sha256(b"[]").hexdigest().encode() + b"\n[]",
    ],
    ids=["emptied", "cut off", "changed", "not text", "another shape"],
)
def test_a_damaged_pack_is_as_good_as_none(mesh: Settings, damage: Callable[[bytes], bytes]) -> None:
    first = said(load_mesh(mesh))
    place = pack(mesh)
    place.write_bytes(damage(place.read_bytes()))
    assert said(load_mesh(mesh)) == first
    assert said(load_mesh(mesh)) == first


def test_an_entry_that_is_no_contract_is_read_from_its_file(mesh: Settings) -> None:
    first = said(load_mesh(mesh))
    for nonsense in ('{"kind": "Nonsense"}', '{"kind": ', ""):
        rewrite(pack(mesh), lambda text, nonsense=nonsense: "".join(f"{key} {nonsense}\n" for key in keys(text)))
        assert said(load_mesh(mesh)) == first


def test_the_folder_may_be_deleted_at_any_time(mesh: Settings) -> None:
    first = said(load_mesh(mesh))
    shutil.rmtree(mesh.home)
    assert said(load_mesh(mesh)) == first


def test_a_small_mesh_leaves_nothing_behind(settings: Settings) -> None:
    write_contract(settings.root, contract_text(FIRST), at=FIRST)
    load_mesh(settings).require()
    assert not settings.home.exists()


def test_a_home_that_cannot_be_written_is_no_error(mesh: Settings) -> None:
    mesh.home.write_text("a file where the folder should be")
    assert len(load_mesh(mesh).require().products) == WORTH_KEEPING


def test_dates_stay_dates(mesh: Settings) -> None:
    dated = product(FIRST, fields={"day": {"type": "date", "constraints": {"min": "now - 9d"}}})
    text = dump_product(dated).replace("now - 9d", "2026-01-01")
    write_contract(mesh.root, text, at=FIRST)
    assert "min: 2026-01-01" in text
    first = load_mesh(mesh).product(FIRST)
    assert load_mesh(mesh).product(FIRST).fields[0].constraints.min == first.fields[0].constraints.min
    assert first.fields[0].constraints.min.year == 2026


def test_a_known_contract_that_leads_out_of_the_mesh_is_refused(mesh: Settings) -> None:
    load_mesh(mesh)
    place = mesh.root / contract_path(Address.parse(FIRST))
    outside = mesh.root.parent / f"{mesh.root.name}-outside.yaml"
    place.rename(outside)
    place.symlink_to(outside)
    (problem,) = load_mesh(mesh).problems
    outside.unlink()
    assert "leads out of the mesh" in problem.message


def test_what_is_gone_leaves_the_pack_when_it_outweighs_what_is_there(mesh: Settings) -> None:
    for start in (100, 200, 300):
        load_mesh(mesh)
        shutil.rmtree(mesh.root / "contracts")
        for number in range(start, start + WORTH_KEEPING):
            write_contract(mesh.root, contract_text(f"orders.lines_{number}.v1"), at=f"orders.lines_{number}.v1")
    load_mesh(mesh)
    entries = keys(pack(mesh).read_text().partition("\n")[2])
    assert WORTH_KEEPING < len(entries) <= 2 * WORTH_KEEPING


def load_in_a_process(settings: Settings, package: Path) -> subprocess.Popen[str]:
    code = (
        "from mesh_orchestration.contract.mesh import load_mesh; from mesh_orchestration.settings import Settings\n"
        "print(len(load_mesh(Settings.load()).require().products))"
    )
    env = os.environ | {"MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "PYTHONPATH": str(package)}
    return subprocess.Popen([sys.executable, "-c", code], env=env, cwd=package, stdout=subprocess.PIPE, text=True)


def test_processes_that_read_at_once_leave_one_sound_pack(mesh: Settings) -> None:
    processes = [load_in_a_process(mesh, REPOSITORY) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == [str(WORTH_KEEPING)] * 3
    rewrite(pack(mesh), lambda text: text.replace("One row per lines_0.", "One row per pack."))
    assert load_mesh(mesh).product(FIRST).metadata.description == "One row per pack."


def test_other_code_never_reads_our_pack(mesh: Settings, tmp_path: Path) -> None:
    load_mesh(mesh)
    rewrite(pack(mesh), lambda text: text.replace('"kind":"DataProduct"', '"kind":"DataProduct","more":1'))
    copy = tmp_path / "copy" / "mesh_orchestration"
    shutil.copytree(REPOSITORY / "mesh_orchestration", copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "contract" / "rules.py").open("a") as file:
        file.write("# another version\n")
    assert load_in_a_process(mesh, copy.parent).communicate(timeout=60)[0].strip() == str(WORTH_KEEPING)
    assert len(list((mesh.home / "cache" / "contracts").iterdir())) == 2
