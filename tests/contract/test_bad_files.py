"""Files that no person means: each is one clear problem with its file and line in `mesh lint`, none a traceback."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.contract.lint import lint
from mesh_orchestration.contract.mesh import load_mesh
from tests.builders import contract_text, product, settings_at, write_contract
from tests.cli.mesh import mesh
from tests.contract.dialects.test_dialect_odcs import contract as odcs_text
from tests.contract.dialects.test_dialect_short import SHORT

FILE = "contracts/orders/order_lines/v1.yaml"


def said(root: Path) -> list[str]:
    """Everything that loading the mesh at ``root`` finds wrong."""
    return [str(problem) for problem in load_mesh(settings_at(root)).problems]


def bomb(depth: int = 30) -> str:
    """Ten values a level that refer to the level before: 10 to the power of ``depth`` when they are written out."""
    lines = ["a0: &a0 [lol, lol, lol]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, depth)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(), f"{FILE}:2 '*a0' is an alias; a contract has none, write the value out"),
        ("name: x\n" + bomb(), f"{FILE}:3 '*a0' is an alias; a contract has none, write the value out"),
        ("kind: DataContract\n" + bomb(), f"{FILE}:3 '*a0' is an alias; a contract has none, write the value out"),
        ("a: &a [*a]\n", f"{FILE}:1 '*a' is an alias; a contract has none, write the value out"),
        ("base: &b {x: 1}\nspec:\n  <<: *b\n", f"{FILE}:3 '*b' is an alias; a contract has none, write the value out"),
        ("", f"{FILE}:1 found nothing, expected a mapping that starts 'apiVersion:'"),
        ("\n\n# nothing\n", f"{FILE}:1 found nothing, expected a mapping that starts 'apiVersion:'"),
        ("kind: DataProduct\n\tspec: 1\n", f"{FILE}:2 a tab indents this line; YAML is indented with spaces"),
        ("\0\0\0\0", f"{FILE}:1 is not YAML: control characters are not allowed"),
        ("a: 1\r---\rb: 2\r", f"{FILE}:2 a second document starts here ('---'); a contract is one document a file"),
        ("[" * 600, f"{FILE}:1 nests deeper than 50 levels"),
        ("{" * 100_000, f"{FILE}:1 nests deeper than 50 levels"),
    ],
    ids=[
        "bomb", "short bomb", "ODCS bomb", "circle", "merge", "empty", "comments", "tab", "NUL bytes", "two documents",
        "deep lists", "deep mappings",
    ],
)  # fmt: skip
def test_a_text_that_is_no_contract_is_one_problem_at_its_line(tmp_path: Path, text: str, message: str) -> None:
    write_contract(tmp_path, text)
    assert said(tmp_path) == [message]


def test_a_tab_inside_a_contract_is_told_at_its_line(tmp_path: Path) -> None:
    write_contract(tmp_path, contract_text().replace("  owner:", "\towner:"))
    assert said(tmp_path) == [f"{FILE}:9 a tab indents this line; YAML is indented with spaces"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (contract_text() + "kind: DataProduct\n", "kind: is written twice; first in line 2"),
        (
            SHORT.replace("domain: commerce", "domain: commerce\nname: twice"),
            "3 name: is written twice; first in line 1",
        ),
        (odcs_text() + "status: draft\n", "status: is written twice; first in line 6"),
    ],
    ids=["native", "short", "odcs"],
)
def test_a_key_written_twice_is_told_in_every_form(tmp_path: Path, text: str, message: str) -> None:
    write_contract(tmp_path, text)
    assert any(one.endswith(message) for one in said(tmp_path))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"kind: DataProduct\nowner: M\xfcller\n", ":2 byte 0xfc is not UTF-8; save the file as UTF-8"),
        ("kind: DataProduct\n".encode("utf-16"), ":1 byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"\x1f\x8b\x08\x00\x00\x00", ":1 byte 0x8b is not UTF-8; save the file as UTF-8"),
    ],
    ids=["latin 1", "UTF-16", "gzip"],
)
def test_bytes_that_are_not_utf8_are_told_at_their_line(tmp_path: Path, raw: bytes, message: str) -> None:
    write_contract(tmp_path, "").write_bytes(raw)
    assert said(tmp_path) == [f"{FILE}{message}"]


def test_a_file_of_fifty_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = write_contract(tmp_path, "")
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    started = time.monotonic()
    assert said(tmp_path) == [f"{FILE}:1 is over 4 MiB, which no contract needs"]
    assert time.monotonic() - started < 1


def test_a_link_out_of_the_tree_is_refused_wherever_it_hides(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write_contract(outside, contract_text())
    root = tmp_path / "mesh"
    path = root / FILE
    path.parent.mkdir(parents=True)
    path.symlink_to(outside / FILE)
    (problem,) = said(root)
    assert problem == f"{FILE}:1 leads out of the mesh to {outside / FILE}; keep a real file"
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(outside / FILE.rpartition("/")[0], target_is_directory=True)
    assert all("leads out of the mesh" in one for one in said(root))


def test_a_link_to_a_schema_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.avsc"
    secret.write_text('{"type": "record", "name": "Secret", "fields": []}')
    root = tmp_path / "mesh"
    path = write_contract(root, SHORT, at="commerce.orders_enriched.v1")
    (path.parent / "schemas").mkdir()
    (path.parent / "schemas" / "orders-enriched.avsc").symlink_to(secret)
    assert any(f"leads out of the mesh to {secret}; keep a real file" in one for one in said(root))


def test_a_folder_named_like_a_contract_is_told_what_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir(parents=True)
    assert said(tmp_path) == [f"{FILE}:1 cannot be read: Is a directory"]


def test_a_pipe_named_like_a_contract_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    path = write_contract(tmp_path, "")
    path.unlink()
    os.mkfifo(path)
    assert said(tmp_path) == [f"{FILE}:1 is no file but a pipe, a socket or a device"]


def test_a_link_to_itself_and_a_link_to_nothing_are_refused(tmp_path: Path) -> None:
    path = write_contract(tmp_path, "")
    path.unlink()
    path.symlink_to(path)
    assert all("cannot be read: " in one for one in said(tmp_path))
    path.unlink()
    path.symlink_to(path.parent / "nothing.txt")
    assert said(tmp_path) == [f"{FILE}:1 cannot be read: No such file or directory"]


def _with(**field: object) -> str:
    """A contract whose one extra column is as told."""
    text = contract_text("orders.order_lines.v1")
    said = yaml.safe_load(text)
    said["spec"]["schema"]["fields"].append({"name": "odd", "type": "string", "description": "Odd."} | field)
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"type": "array<" * 3000 + "string" + ">" * 3000}, "nests lists deeper than 8 levels"),
        ({"constraints": {"pattern": "(" * 3000 + ")" * 3000}}, "is nested too deeply for a regular expression"),
        ({"constraints": {"pattern": "a{99999999999999999999}"}}, "is not a regular expression"),
        ({"type": "timestamp", "constraints": {"min": f"now - {'9' * 30}d"}}, "expected a time such as"),
        ({"type": "timestamp", "constraints": {"min": "now - 99999999d"}}, "expected a time such as"),
        ({"type": "timestamp", "constraints": {"min": "now" + " " * 200_000 + "x"}}, "expected a time such as"),
        ({"type": f"decimal({'9' * 5000},2)"}, "Exceeds the limit"),
    ],
)
def test_a_value_beyond_all_measure_is_one_problem(tmp_path: Path, field: dict[str, object], message: str) -> None:
    write_contract(tmp_path, _with(**field))
    (found,) = said(tmp_path)
    assert message in found


@pytest.mark.parametrize("length", ["9" * 30 + "d", "9" * 1_000_000, f"P{'9' * 400}D", "1h " * 100_000])
def test_a_length_of_time_beyond_all_measure_is_one_problem(tmp_path: Path, length: str) -> None:
    text = yaml.safe_load(contract_text("orders.order_lines.v1"))
    text["spec"]["retention"] = length
    write_contract(tmp_path, yaml.safe_dump(text))
    (found,) = said(tmp_path)
    assert "write e.g. 15m, 1h, 2d or PT15M" in found


def test_a_version_of_thousands_of_digits_is_none(tmp_path: Path) -> None:
    text = yaml.safe_load(contract_text("orders.order_lines.v1"))
    text["metadata"]["version"] = f"{'1' * 5000}.0.0"
    write_contract(tmp_path, yaml.safe_dump(text))
    assert any("metadata.version" in problem for problem in said(tmp_path))


def test_a_pattern_that_keeps_a_backtracking_engine_busy_for_years_is_tried_in_no_time(tmp_path: Path) -> None:
    values = ["a" * 60 + "!", "aaa"]
    write_contract(tmp_path, _with(constraints={"pattern": "^(a+)+$", "enum": values}))
    (found,) = said(tmp_path)
    assert f"'{values[0]}' is allowed here but not matched by pattern '^(a+)+$'" in found


def test_a_pattern_that_looks_ahead_is_left_to_the_audit(tmp_path: Path) -> None:
    write_contract(tmp_path, _with(constraints={"pattern": "^(?!b)(a+)+$", "enum": ["a" * 60 + "!"]}))
    assert said(tmp_path) == []


def test_a_list_of_forty_thousand_values_is_read_in_seconds(tmp_path: Path) -> None:
    write_contract(tmp_path, _with(constraints={"enum": [f"v{number}" for number in range(40_000)] + ["v7"]}))
    started = time.perf_counter()
    (found,) = said(tmp_path)
    assert "'v7' is listed twice" in found
    assert time.perf_counter() - started < 8


def test_what_a_contract_says_steers_no_terminal_and_begins_no_line_of_a_log(tmp_path: Path) -> None:
    text = contract_text("orders.order_lines.v1").replace("spec:\n", 'spec:\n  "k\\n::error::x": "\\e[31mred"\n', 1)
    write_contract(tmp_path, text)
    found = said(tmp_path)
    assert any("has the control character U+001B; take it out" in problem for problem in found)
    assert not any(set(problem) & {"\n", "\r", "\x1b"} for problem in found)


def test_a_contract_of_ten_thousand_fields_is_loaded_in_seconds(tmp_path: Path) -> None:
    lines = "".join(f"    - {{name: field_{number}, type: string}}\n" for number in range(10_000))
    head = contract_text(fields={"id": "long"}).partition("    fields:")[0]
    write_contract(tmp_path, f"{head}    fields:\n{lines}")
    started = time.monotonic()
    found = load_mesh(settings_at(tmp_path)).product("orders.order_lines")
    assert (len(found.fields), time.monotonic() - started < 10) == (10_000, True)


def test_one_bad_file_does_not_hide_the_good_ones(tmp_path: Path) -> None:
    write_contract(tmp_path, bomb())
    good = product("web.visits.v1")
    write_contract(tmp_path, contract_text("web.visits.v1"), at="web.visits.v1")
    loaded = load_mesh(settings_at(tmp_path))
    assert list(loaded.products) == [good.address]
    assert any(problem.file == FILE for problem in lint(settings_at(tmp_path)))


def test_the_command_says_it_too_and_exits_one(tmp_path: Path) -> None:
    write_contract(tmp_path, bomb())
    settings = settings_at(tmp_path)
    answer = mesh(settings, "lint")
    assert (answer.code, "Traceback" in answer.err) == (1, False)
    assert f"{FILE}:2 '*a0' is an alias; a contract has none, write the value out" in answer.out
    answer = mesh(settings, "contract", "fmt")
    assert (answer.code, f"{FILE}:2 '*a0' is an alias" in answer.out, "Traceback" in answer.err) == (1, True, False)
