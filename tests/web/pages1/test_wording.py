"""Numbers, times and texts as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mesh_orchestration.web.markdown import markdown
from mesh_orchestration.web.pages import environment, navigation, web_link
from mesh_orchestration.web.wording import amount, breakable, duration, number, percent, reason, size, spoken

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(1.0, "100\u202f%"), (0.99999, "99.9\u202f%"), (0.98996, "98.9\u202f%"), (0.00001, "0.1\u202f%"),
     (0.99, "99\u202f%"), (0.29, "29\u202f%"), (0.0, "0\u202f%"), (None, "–")],
)  # fmt: skip
def test_a_share_is_never_rounded_to_what_it_is_not(share: float | None, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.189, "189\u202fms"), (9.64, "9.6\u202fs"), (75, "1\u202fmin 15\u202fs"), (90_061, "1\u202fd 1\u202fh"),
     (86_460, "1\u202fd"), (-7_200, "-2\u202fh"), (None, "–")],
)  # fmt: skip
def test_a_span_of_time_has_at_most_two_units(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [("1h", "1 hour"), ("48h", "2 days"), ("1095d", "3 years"), ("400d", "400 days"), ("90m", "1 hour 30 minutes")],
)
def test_what_a_contract_says_of_time_is_spoken(length: str, shown: str) -> None:
    assert spoken(length) == shown


@pytest.mark.parametrize(
    ("value", "level", "shown"),
    [(60.4, "freshness", "1\u202fmin"), (0.25, "latency", "250\u202fms"), (0.994577, "completeness", "99.4577\u202f%"),
     (2.0, "throughput", "7,200 rows/h"), (None, "availability", "–")],
)  # fmt: skip
def test_a_service_level_is_told_in_its_own_unit(value: float | None, level: str, shown: str) -> None:
    assert amount(value, level) == shown


def test_a_long_name_is_broken_between_its_words_and_stays_text() -> None:
    assert breakable("a_b.v1@<x>") == "a_<wbr>b.<wbr>v1@<wbr>&lt;x&gt;"


def test_a_refusal_names_its_checks_in_words() -> None:
    check = "contract__not_null__email (expect_column_values_to_not_be_null on column email)"
    why = f"check {check} found 2 unexpected of 9 rows"
    assert reason(why) == "\u201cnot_null email\u201d is broken by 2 of 9 rows"
    assert (
        reason(why, {"contract__not_null__email": "email is not null"})
        == "\u201cemail is not null\u201d is broken by 2 of 9 rows"
    )
    assert reason("the source is gone (really)") == "the source is gone (really)"


def test_bytes_and_numbers_are_short() -> None:
    assert [size(count) for count in (0, 999, 1_000, 786_432, 10**16)] == [
        "0\u202fB", "999\u202fB", "1.0\u202fkB", "786\u202fkB", "10.0\u202fPB",
    ]  # fmt: skip
    assert [number(value) for value in (1_234_567, 2.5, 3.0, None)] == ["1,234,567", "2.5", "3", "–"]


@pytest.mark.parametrize(
    ("away", "shown"),
    [(timedelta(hours=3), "3\u202fh ago"), (timedelta(seconds=1), "just now"), (timedelta(days=-2), "in 2\u202fd")],
)
def test_a_moment_is_told_from_now_with_its_exact_time(away: timedelta, shown: str) -> None:
    page = environment().from_string("{{ at | ago }}")
    told = page.render(now=NOW, at=NOW - away)
    assert f">{shown}</time>" in told
    assert f'datetime="{(NOW - away).isoformat()}"' in told


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<img src=x onerror=x>", "[x](javascript:x)", "![x](https://example.com/x.png)",
     "<a href='x' onclick='x'>x</a>", "[x](data:text/html,x)", "<style>x</style>", "</div><form>"],
)  # fmt: skip
def test_markdown_of_others_brings_nothing_that_runs_or_loads(text: str) -> None:
    shown = markdown(text).lower()
    assert not [bad for bad in ("<script", "<img", 'href="javascript', 'href="data', "<a href='x'", "<style", "<form")
                if bad in shown]  # fmt: skip


def test_markdown_is_shown_as_such_and_its_headings_stay_below_those_of_the_page() -> None:
    assert markdown("# Grain\n\n**One** [row](https://example.com)") == (
        '<h3>Grain</h3>\n<p><strong>One</strong> <a href="https://example.com" '
        'rel="nofollow noopener noreferrer">row</a></p>\n'
    )


@pytest.mark.parametrize("address", ["javascript:x", " JavaScript:x", "data:text/html,x", "//x", "http://[", None])
def test_only_addresses_that_lead_to_pages_become_links(address: str | None) -> None:
    assert web_link(address) == ""
    assert web_link("https://example.com/a") == "https://example.com/a"


def test_no_two_entries_of_the_navigation_share_a_key_or_a_place() -> None:
    entries = navigation()
    keys = [entry.key for entry in entries if entry.key]
    assert len(set(keys)) == len(keys)
    assert len({entry.place for entry in entries}) == len(entries)
