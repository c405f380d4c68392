"""`mesh contract convert`, `export` and `fmt` as a person runs them."""

from __future__ import annotations

from pathlib import Path

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh
from tests.contract.dialects.test_dialect_odcs import contract as odcs_text

VISITS = "web.visits.v1"
PLACE = "contracts/web/visits/v1.yaml"
ONE = product(
    VISITS,
    tags=["web"],
    sla={"freshness": "1h"},
    checks=[{"assertion": "expect_table_row_count_to_equal", "value": {"value": 3}}],
)


def visits(root: Path) -> Settings:
    return mesh_at(root, ONE)


def test_a_contract_goes_through_every_form_and_comes_back(tmp_path: Path) -> None:
    settings = visits(tmp_path)
    before = load_product(tmp_path / PLACE, root=tmp_path)
    answer = mesh(
        settings, "contract", "export", "web.visits", "--to", "odcs", "-o", str(tmp_path / "visits.odcs.yaml")
    )
    assert (answer.code, answer.out, answer.err) == (0, "", f"wrote {tmp_path / 'visits.odcs.yaml'}\n")
    answer = mesh(
        settings,
        "contract",
        "convert",
        str(tmp_path / "visits.odcs.yaml"),
        "--to",
        "native",
        "-o",
        str(tmp_path / PLACE),
    )
    assert answer.code == 0
    assert load_product(tmp_path / PLACE, root=tmp_path) == before


def test_what_a_form_cannot_hold_is_listed_beside_the_text(tmp_path: Path) -> None:
    settings = visits(tmp_path)
    answer = mesh(settings, "contract", "convert", str(tmp_path / PLACE), "--to", "short")
    assert (answer.code, answer.out) == (
        0,
        dialects.write(ONE, "short").text
        + "\n# schemas/visits.avsc\n"
        + dialects.write(ONE, "short").files["schemas/visits.avsc"],
    )
    assert answer.err.splitlines() == [
        "2 things were not kept:",
        "  metadata.tags: ['web'] (the short form has no place for it)",
        (
            "  spec.quality.checks[0]: {'assertion': 'expect_table_row_count_to_equal', 'value':... "
            "(the short form has no place for it)"
        ),
    ]


def test_the_same_as_json(tmp_path: Path) -> None:
    settings = visits(tmp_path)
    out = tmp_path / "short" / "v1.yaml"
    said = mesh(settings, "contract", "convert", str(tmp_path / PLACE), "--to", "short", "-o", str(out), "--json").json
    assert (said["address"], said["form"], said["written"]) == (
        VISITS, "short", [str(out), str(out.parent / "schemas" / "visits.avsc")],
    )  # fmt: skip
    assert [one["path"] for one in said["lost"]] == ["metadata.tags", "spec.quality.checks[0]"]
    assert dialects.read_file(out).dialect == "short"


def test_a_file_from_elsewhere_takes_what_it_lacks_from_the_options(tmp_path: Path) -> None:
    settings = visits(tmp_path)
    foreign = tmp_path / "elsewhere" / "pages.yaml"
    foreign.parent.mkdir()
    foreign.write_text(odcs_text(rest="").replace("domain: web\n", "").replace("visits", "pages"))
    answer = mesh(settings, "contract", "convert", str(foreign), "--to", "native")
    assert (answer.code, "team: is missing" in answer.err, "domain: is missing" in answer.err) == (2, True, True)
    answer = mesh(
        settings, "contract", "convert", str(foreign), "--to", "native", "--domain", "shop", "--owner", "team:shop"
    )
    assert (answer.code, "domain: shop" in answer.out, "owner: team:shop" in answer.out) == (0, True, True)


def test_an_unknown_form_and_an_unwritable_place_are_answered(tmp_path: Path) -> None:
    settings = visits(tmp_path)
    answer = mesh(settings, "contract", "export", "web.visits", "--to", "odsc")
    assert (answer.code, answer.err) == (1, "error 'odsc' is not a form of a contract; did you mean 'odcs'?\n")
    answer = mesh(settings, "contract", "export", "web.visits", "-o", str(tmp_path / PLACE / "x.yaml"))
    assert (answer.code, "cannot be written: " in answer.err, "Traceback" in answer.err) == (2, True, False)


def test_fmt_orders_the_keys_and_check_says_which_file_is_not(tmp_path: Path) -> None:
    settings = visits(tmp_path)
    path = tmp_path / PLACE
    ordered = path.read_text().replace("apiVersion: datamesh.io/v1\n", "# the form\napiVersion: datamesh.io/v1\n")
    lines = ordered.splitlines(keepends=True)
    path.write_text("".join([lines[2], *lines[:2], *lines[3:]]))
    before = path.read_text()
    answer = mesh(settings, "contract", "fmt", "--check")
    assert (answer.code, f"not in order {PLACE}" in answer.out, path.read_text()) == (1, True, before)
    assert mesh(settings, "contract", "fmt", "--json").json == {"written": [PLACE], "problems": []}
    assert path.read_text() == ordered
    answer = mesh(settings, "contract", "fmt", "--check", str(path))
    assert (answer.code, answer.out) == (0, "every contract is in order\n")
