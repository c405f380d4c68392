"""A product's life on the command line: published, refused, mended, queried."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from tests.cli.mesh import Answer, mesh
from tests.orchestration.shop import land, shop_at

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop whose products were published once, refused once, and published again."""
    return shop_at(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def story(shop: Settings) -> dict[str, Answer]:
    """The answers of the commands, in the order a person would give them."""
    told = {"empty": mesh(shop, "status", "--json"), "first run": mesh(shop, "run", "--json")}
    told["published"] = mesh(shop, "status", "--json")
    land(shop, "day2", "4,\n5,\n6,\n7,\n")
    told["bad run"] = mesh(shop, "run", "orders")
    told["refused"] = mesh(shop, "status", "--json")
    told["rejected"] = mesh(shop, "rejected", "orders.order_lines", "--json")
    told["consumers meanwhile"] = mesh(shop, "query", "select count(*) as lines from orders.order_lines", "--json")
    told["check"] = mesh(shop, "check", "orders.order_lines")
    land(shop, "day2", "4,1\n5,2\n6,3\n7,4\n")
    told["mended run"] = mesh(shop, "run", "--json")
    told["mended"] = mesh(shop, "status", "--json")
    return told


def test_status_of_an_empty_mesh_is_a_finding(story: dict[str, Answer]) -> None:
    assert (story["empty"].code, {one["freshness"]["state"] for one in story["empty"].json}) == (1, {"never"})


def test_the_first_run_publishes_every_product(story: dict[str, Answer]) -> None:
    answer = story["first run"]
    assert (answer.code, [one["outcome"] for one in answer.json["products"]]) == (0, ["published", "published"])


def test_status_tells_rows_and_checks_of_what_is_published(story: dict[str, Answer]) -> None:
    lines = {one["address"]: (one["rows"], one["checks"]["failed"]) for one in story["published"].json}
    assert lines == {"orders.order_lines.v1": (3, 0), "billing.revenue.v1": (1, 0)}


def test_a_run_with_a_broken_batch_exits_1_and_says_why(story: dict[str, Answer]) -> None:
    assert story["bad run"].code == 1
    assert "expect_column_values_to_not_be_null" in story["bad run"].out


def test_the_last_good_snapshot_stays_served_after_a_refusal(story: dict[str, Answer]) -> None:
    assert (story["refused"].code, story["consumers meanwhile"].json) == (1, [{"lines": 3}])


def test_rejected_shows_the_failing_rows(story: dict[str, Answer]) -> None:
    checks = story["rejected"].json["checks"]
    assert [row[0] for check in checks for row in check["rows"]] == [4, 5, 6, 7]


def test_check_finds_in_the_engine_what_the_audit_refused(story: dict[str, Answer]) -> None:
    assert (story["check"].code, "not_null__amount" in story["check"].out) == (1, True)


def test_the_next_good_batch_recovers(story: dict[str, Answer]) -> None:
    rows = {one["address"]: (one["rows"], one["refused"]) for one in story["mended"].json}
    assert (story["mended run"].code, rows["orders.order_lines.v1"]) == (0, (7, False))


def test_query_reads_the_past(shop: Settings, story: dict[str, Answer]) -> None:
    first = mesh(shop, "show", "orders.order_lines", "--json").json["snapshots"][-1]["snapshot_id"]
    answer = mesh(shop, "query", "select count(*) as lines from orders.order_lines", "--as-of", str(first), "--json")
    assert answer.json == [{"lines": 3}]


@pytest.mark.parametrize(
    "sql",
    [
        "delete from orders.order_lines",
        "select 1; select 2",
        "copy (select 1) to 'out.csv'",
        "select * from read_csv('/etc/hostname')",
        "select * from nobody.nothing",
        "selct",
    ],
)
def test_query_refuses_everything_but_reading_products(shop: Settings, story: dict[str, Answer], sql: str) -> None:
    answer = mesh(shop, "query", sql)
    assert (answer.code, answer.err.startswith("error"), "Traceback" in answer.err) == (1, True, False)


def test_a_value_is_shown_letter_for_letter(shop: Settings, story: dict[str, Answer]) -> None:
    answer = mesh(shop, "query", """select '[red]x[/y]' as "[b]", line_id from orders.order_lines limit 1""")
    assert (answer.code, "[red]x[/y]" in answer.out, "[b]" in answer.out) == (0, True, True)


def test_a_word_that_names_nothing_is_told_before_anything_runs(shop: Settings) -> None:
    answer = mesh(shop, "run", "odrers", MESH_REPLAY="on")
    assert (answer.code, answer.err) == (1, "error 'odrers' is not a domain; did you mean 'orders'?\n")


def test_show_says_the_contract_in_words(shop: Settings, story: dict[str, Answer]) -> None:
    answer = mesh(shop, "show", "orders.order_lines")
    assert answer.code == 0
    assert "Read by: billing.revenue.v1." in answer.out


def test_doctor_names_the_fix_of_a_broken_contract(tmp_path: Path) -> None:
    settings = shop_at(tmp_path)
    path = tmp_path / "contracts" / "orders" / "order_lines" / "v1.yaml"
    path.write_text(path.read_text().replace("double", "duble"))
    answer = mesh(settings, "doctor")
    assert (answer.code, "'duble' is not a type" in answer.out) == (2, True)


def test_doctor_names_the_policy_that_cannot_be_read_and_the_waiver_that_has_ended(tmp_path: Path) -> None:
    settings = shop_at(tmp_path)
    waivers = tmp_path / "policies" / "waivers"
    waivers.mkdir(parents=True)
    (waivers / "old.yaml").write_text(
        "rule: SLA-001\naddress: orders.order_lines.v1\nowner: team:orders\napprover: team:council\n"
        "reason: It was agreed upon.\nexpires: 2020-01-01\n"
    )
    answer = mesh(settings, "doctor")
    assert "waiver: policies/waivers/old.yaml has expired" in answer.out
    (waivers / "old.yaml").write_text("rule: SLA-001\n")
    answer = mesh(settings, "doctor")
    assert (answer.code, "fail policies: cannot be evaluated" in answer.out) == (2, True)


def test_lint_reports_a_typo_with_file_line_and_the_right_word(tmp_path: Path) -> None:
    settings = shop_at(tmp_path)
    path = tmp_path / "contracts" / "orders" / "order_lines" / "v1.yaml"
    path.write_text(
        path.read_text().replace("expect_column_values_to_not_be_null", "expect_column_values_to_not_be_nul")
    )
    answer = mesh(settings, "lint")
    assert answer.code == 1
    assert "contracts/orders/order_lines/v1.yaml:" in answer.out
    assert "expect_column_values_to_not_be_null" in answer.out


def test_a_command_outside_a_mesh_says_what_is_missing(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "nowhere", home=tmp_path / "home")
    answer = mesh(settings, "run")
    assert (answer.code, "Traceback" in answer.err) == (2, False)
