"""Two products joined on a masked column, by somebody who may not see it and by somebody who may."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_orchestration.masking import key_name, mask_value
from mesh_orchestration.settings import Settings
from tests.cli.mesh import Answer, mesh, mesh_each
from tests.e2e.people import ADA, BEN, KEY, land_invoices, land_people, people_mesh

pytestmark = pytest.mark.slow

NEW_KEY = "the key of the year after"
JOIN = """
    select i.invoice_id, p.person_id, p.full_name, p.email, i.amount
    from billing.invoices i join crm.people p using (person_id) order by i.amount
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two people and their three invoices, published under no key at all: masks are made at a read."""
    settings = people_mesh(tmp_path_factory.mktemp("people"), MESH_USER="eve")
    land_people(settings, "day1", ADA, BEN)
    land_invoices(settings, "day1", PID_4711_QX="10.00", PID_0815_RV="12.50")
    land_invoices(settings, "day2", PID_4711_QX="30.00")
    answer = mesh(settings, "run")
    assert answer.code == 0, answer.out + answer.err
    return settings


def ask(settings: Settings, sql: str, role: str = "analyst", **environ: str) -> list[dict[str, Any]]:
    (answer,) = asked(settings, sql, role, **environ)
    rows: list[dict[str, Any]] = answer.json
    return rows


def asked(settings: Settings, sql: str, role: str, **environ: str) -> tuple[Answer, ...]:
    return mesh_each(settings, ("query", sql, "--role", role, "--purpose", "service", "--json"), **environ)


def test_an_analyst_joins_on_hashes_and_sees_no_value(shop: Settings) -> None:
    rows = ask(shop, JOIN, MESH_MASKING_KEY=KEY)

    ada, ben = (mask_value(one.person_id, "hash", KEY) for one in (ADA, BEN))
    assert [row["person_id"] for row in rows] == [ada, ben, ada]
    assert {row["full_name"] for row in rows} == {"***"}
    assert [row["email"] for row in rows] == [mask_value(one.email, "partial", KEY) for one in (ADA, BEN, ADA)]


def test_data_protection_sees_the_same_rows_in_the_clear(shop: Settings) -> None:
    rows = ask(shop, JOIN, "data-protection", MESH_MASKING_KEY=KEY)

    assert [(row["person_id"], row["full_name"]) for row in rows] == [
        (one.person_id, one.full_name) for one in (ADA, BEN, ADA)
    ]


def test_without_a_key_everything_masked_is_redacted_and_it_is_said(shop: Settings) -> None:
    sql = "select person_id, full_name, email, phone, born_on, salary, religion, region from crm.people order by region"
    (answer,) = asked(shop, sql, "analyst", MESH_MASKING_KEY="")

    assert [set(row.values()) for row in answer.json] == [{"***", None, "north"}, {"***", None, "south"}]
    assert answer.json[0]["religion"] is None
    assert "MESH_MASKING_KEY is not set, so all are redacted" in answer.err


def test_the_audit_shows_both_reads_of_both_products(shop: Settings) -> None:
    ask(shop, JOIN, MESH_MASKING_KEY=KEY)
    ask(shop, JOIN, "data-protection", MESH_MASKING_KEY=KEY)
    log, whole = mesh_each(shop, ("audit", "--point", "read", "--limit", "4", "--json"), ("audit", "verify"))

    found = [(one["subject"], one["role"], one["who"], "person_id" in one["masked"]) for one in log.json["decisions"]]
    assert sorted(found) == [
        ("billing.invoices.v1", "analyst", "eve", True),
        ("billing.invoices.v1", "data-protection", "eve", False),
        ("crm.people.v1", "analyst", "eve", True),
        ("crm.people.v1", "data-protection", "eve", False),
    ]
    assert all(one["purpose"] == "service" and one["snapshot"] for one in log.json["decisions"])
    assert whole.code == 0


def test_a_new_key_changes_every_mask_at_once_and_the_keys_name_tells(shop: Settings) -> None:
    before, after = (ask(shop, JOIN, MESH_MASKING_KEY=key) for key in (KEY, NEW_KEY))

    hashes = [{row["person_id"] for row in rows} for rows in (before, after)]
    assert hashes[0].isdisjoint(hashes[1])
    assert [{one.partition("_")[0] for one in some} for some in hashes] == [{key_name(KEY)}, {key_name(NEW_KEY)}]
    # nothing was published again, and what joined still does
    assert [row["invoice_id"] for row in after] == [row["invoice_id"] for row in before]
    phones = [ask(shop, "select phone from crm.people", MESH_MASKING_KEY=key) for key in (KEY, NEW_KEY)]
    assert all(row["phone"].startswith(f"tok_{key_name(KEY)}_") for row in phones[0])
    assert all(row["phone"].startswith(f"tok_{key_name(NEW_KEY)}_") for row in phones[1])


def test_a_hash_of_the_old_key_finds_nobody_under_the_new_one(shop: Settings) -> None:
    old = mask_value(ADA.person_id, "hash", KEY)
    sql = f"select count(*) as found from crm.people where person_id = '{old}'"

    assert ask(shop, sql, MESH_MASKING_KEY=KEY) == [{"found": 1}]
    assert ask(shop, sql, MESH_MASKING_KEY=NEW_KEY) == [{"found": 0}]


def test_who_may_not_see_a_value_cannot_search_for_it(shop: Settings) -> None:
    sql = f"select count(*) as found from crm.people where email = '{ADA.email}' or person_id = '{ADA.person_id}'"

    assert ask(shop, sql, MESH_MASKING_KEY=KEY) == [{"found": 0}]
    assert ask(shop, sql, "data-protection", MESH_MASKING_KEY=KEY) == [{"found": 1}]
