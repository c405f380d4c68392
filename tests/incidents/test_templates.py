"""The words of messages: those of the mesh, those a team puts in their place, and what happens when these fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mesh_orchestration.incidents.notice import Letter, together
from mesh_orchestration.incidents.store import open_store
from mesh_orchestration.incidents.templates import FOLDER, Templates
from mesh_orchestration.incidents.trial import check, notices, piles
from tests.cli.mesh import mesh_each
from tests.incidents.scene import Scene, mesh_of_three, signal

PAGE = "http://127.0.0.1:5000/incidents"
# What was said before the words could be changed.
SAID = json.loads((Path(__file__).parent / "said.json").read_text())


def test_every_message_says_what_it_always_said() -> None:
    said: dict[str, Letter] = {name: notice.letter for name, notice in notices()}
    said |= {f"{len(letters)} together": together(letters, page=PAGE) for letters in piles()}

    told = {name: {"key": one.key, "title": one.title, "text": one.text.split("\n")} for name, one in said.items()}
    assert told.keys() == SAID.keys()
    for name, one in told.items():
        assert one == SAID[name], name


def test_a_template_of_the_mesh_takes_the_place_of_the_shipped_one_and_keeps_the_key(tmp_path: Path) -> None:
    write(tmp_path, "owner.opened", "[{{ incident.level }}] <{{ subject }}> & co.\nCall Ada: {{ page }}")
    write(tmp_path, "_end", "Incident {{ incident.id }}, ask #data")
    settings = mesh_of_three(tmp_path)
    with open_store(settings) as store:
        scene = Scene(settings, store)
        scene.say("raised", signal())
        scene.say("cleared", signal())
        told = scene.told()

    assert told == ["[error] <orders.orders.v1> & co.", "[RESOLVED] orders.orders.v1: published again"]
    assert check(Templates(tmp_path / FOLDER)) == ()


def test_the_keys_are_equal_whatever_the_words_are(tmp_path: Path) -> None:
    for name in Templates().shipped:
        write(tmp_path, name.removesuffix(".j2"), "other words\n")
    templates = Templates(tmp_path / FOLDER)

    for name, notice in notices():
        said = Letter.of(replace(notice, templates=templates).letter.plain)
        assert (said.key, said.title) == (SAID[name]["key"], "other words")
    for letters in piles():
        said = together(letters, page=PAGE, templates=templates)
        assert (said.key, said.text) == (SAID[f"{len(letters)} together"]["key"], "other words")


BROKEN = {
    "an undefined name": ("one\n{{ incidnt.id }}", 2, "'incidnt' is undefined; there are: at, "),
    "an undefined name where it is seldom reached": (
        "one\n{% if incident.kind == 'x' %}\n{{ odd }}\n{% endif %}",
        3,
        "'odd' is undefined",
    ),
    "an undefined part of a name": ("one\n\n{{ incident.nme }}", 3, "'dict object' has no attribute 'nme'"),
    "a part that is missing": ('{% include "_mine.j2" %}', 1, "there is no template '_mine.j2'"),
    "bad syntax": ("one\n{% if %}\n", 2, "Expected an expression"),
    "an unknown filter": ("one {{ subject | shout }}", 1, "No filter named 'shout'"),
    "a way out of the sandbox": ("one\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
    "a wrong sum": ("one\n{{ 1 + subject }}", 2, "unsupported operand"),
    "no words": ("{# nothing #}\n", 1, "it says nothing"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_template_is_named_with_its_line_and_costs_no_message(
    tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    text, line, problem = BROKEN[case]
    write(tmp_path, "owner.opened", text)
    fault = check(Templates(tmp_path / FOLDER))[0]
    settings = mesh_of_three(tmp_path)
    with open_store(settings) as store:
        scene = Scene(settings, store)
        scene.say("raised", signal(error="x"))
        (told,) = scene.told()

    assert str(fault).startswith(f"notices/owner.opened.j2:{line}: ")
    assert problem in fault.problem
    shipped = "[ERROR] orders.orders.v1: not published, the contract is broken"
    reached = "seldom" not in case
    assert told == (shipped if reached else "one")
    assert (f"notices/owner.opened.j2:{line}: " in caplog.text) == reached


def test_a_file_that_is_not_text_costs_no_message(tmp_path: Path) -> None:
    write(tmp_path, "digest", "")
    (tmp_path / FOLDER / "digest.j2").write_bytes(b"\xff\xfe")
    templates = Templates(tmp_path / FOLDER)

    assert together(next(piles()), page=PAGE, templates=templates).text.startswith("[")
    assert str(check(templates)[0]).startswith("notices/digest.j2:1: 'utf-8' codec")


def test_a_name_that_no_message_has_is_found_and_a_part_is_not(tmp_path: Path) -> None:
    write(tmp_path, "owner.opend", "x")
    write(tmp_path, "_greeting", "Dear {{ whom }}")
    write(tmp_path, "owner.opened", "{% set whom = owners | join %}\n{% include '_greeting.j2' %}")

    (fault,) = check(Templates(tmp_path / FOLDER))
    assert str(fault).startswith("notices/owner.opend.j2:1: no message has this name; there are: digest.j2, late")


def test_the_shipped_templates_are_fine_written_out_as_they_are(tmp_path: Path) -> None:
    templates = Templates()
    for name in templates.shipped:
        write(tmp_path, name.removesuffix(".j2"), templates.source(name))

    assert (check(templates), check(Templates(tmp_path / FOLDER))) == ((), ())


@pytest.mark.slow
def test_templates_are_written_out_changed_and_checked(tmp_path: Path) -> None:
    settings = mesh_of_three(tmp_path)
    out = str(tmp_path / FOLDER)
    command = ("incidents", "templates")
    listed, fine, written = mesh_each(settings, command, (*command, "--check"), (*command, "-o", out))
    write(tmp_path, "digest", "{{ tiltes }}")
    again, broken, as_json, both = mesh_each(
        settings,
        (*command, "-o", out),
        (*command, "--check"),
        (*command, "--json"),
        (*command, "--check", "-o", out),
    )

    assert (listed.code, "owner.opened.j2     comes with the mesh" in listed.out) == (0, True)
    assert (fine.code, "no template in notices/" in fine.out) == (0, True)
    assert (written.code, f"wrote {out}/owner.opened.j2" in written.out) == (0, True)
    assert f"kept {out}/digest.j2, it was there" in again.out
    assert (broken.code, broken.out.startswith("notices/digest.j2:1: 'tiltes' is undefined")) == (1, True)
    assert {"name": "digest.j2", "file": "notices/digest.j2"} in as_json.json
    assert (both.code, "--check" in both.err) == (2, True)


def write(root: Path, name: str, text: str) -> None:
    """A template of the mesh in ``root``."""
    (root / FOLDER).mkdir(exist_ok=True)
    (root / FOLDER / f"{name}.j2").write_text(text, encoding="utf-8")
