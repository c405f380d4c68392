"""Tokens of the service: made by a command, shown once, held to their role, rights and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from mesh_orchestration.catalog import tokens
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at
from tests.cli.mesh import mesh, mesh_each
from tests.postgres import PostgresDatabase
from tests.web.api.client import Visitor, lay, visitor
from tests.web.service import service

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return lay(mesh_at(tmp_path, MESH_AUTH="token", MESH_NOW=NOW.isoformat()))


def made(settings: Settings, name: str, *rights: str, days: int = 90) -> str:
    """The secret of a new token."""
    token = tokens.Token("", name, "analyst", rights, NOW, "test", NOW + timedelta(days=days), None)
    with open_catalog(settings) as catalog, catalog.writing() as conn:
        return tokens.create(conn, token)


@contextmanager
def showing(settings: Settings, secret: str) -> Iterator[Visitor]:
    with visitor(settings) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


def test_a_token_is_shown_once_and_listed_without_its_secret(empty: Settings) -> None:
    roles = empty.root / "policies" / "data" / "roles.yaml"
    roles.parent.mkdir(parents=True)
    roles.write_text("engineer: {description: Builds products., personal_data: masked}\n")
    shown, listed, revoked, again, unknown, wrong, nobody = mesh_each(
        empty,
        ("token", "create", "airflow", "--role", "engineer", "--may", "lineage", "--days", "7"),
        ("token", "list", "--json"),
        ("token", "revoke", "airflow"),
        ("token", "list", "--json"),
        ("token", "revoke", "airflaw"),
        ("token", "create", "x", "--role", "engineer", "--may", "linage"),
        ("token", "create", "x", "--role", "enginer"),
    )
    assert shown.out.startswith("mesh_")
    assert shown.out.strip() not in listed.out
    assert [(one["name"], one["role"], one["rights"], one["state"]) for one in listed.json] == [
        ("airflow", "engineer", ["lineage"], "valid")
    ]
    assert (revoked.code, again.json[0]["state"]) == (0, "revoked")
    assert (unknown.code, "did you mean 'airflow'" in unknown.err) == (1, True)
    assert (wrong.code, "did you mean 'lineage'" in wrong.err) == (1, True)
    assert (nobody.code, "did you mean 'engineer'" in nobody.err) == (1, True)


def test_the_secret_of_a_token_is_in_no_file(empty: Settings) -> None:
    secret = made(empty, "ci")
    held = [path for path in empty.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert held == []


def test_nothing_but_health_is_served_without_a_token(empty: Settings) -> None:
    with visitor(empty) as client:
        asked = {path: client.get(path).status_code for path in ("/health", "/api/v1/tags", "/v1/products", "/nothing")}
        refused = client.post("/api/v1/lineage/batch", json=[])
    assert asked == {"/health": 200, "/api/v1/tags": 401, "/v1/products": 401, "/nothing": 401}
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="mesh"')


def test_a_token_allows_what_it_says_and_no_more(empty: Settings) -> None:
    with showing(empty, made(empty, "reads")) as client:
        read, sent = client.get("/v1/products"), client.post("/api/v1/lineage/batch", json=[])
    assert (read.status_code, sent.status_code) == (200, 403)
    assert sent.json()["message"].endswith("make a token with --may lineage")
    with showing(empty, made(empty, "sends", "lineage")) as client:
        assert client.post("/api/v1/lineage/batch", json=[]).json()["status"] == "success"


@pytest.mark.parametrize("ending", ["expired", "revoked", "wrong", "foreign"])
def test_a_token_that_does_not_count_is_refused(empty: Settings, ending: str) -> None:
    secret = made(empty, "one", days=0 if ending == "expired" else 9)
    if ending == "revoked":
        with open_catalog(empty) as catalog, catalog.writing() as conn:
            tokens.revoke(conn, "one", now=NOW)
    shown = {"wrong": f"{secret}x", "foreign": "eyJ.e30.x"}.get(ending, secret)
    with showing(empty, shown) as client:
        answer = client.get("/v1/products")
    assert (answer.status_code, answer.json()["message"][:25]) == (401, "the token does not count:")


def test_a_token_counts_no_longer_from_the_moment_it_is_revoked(empty: Settings) -> None:
    secret = made(empty, "one")
    with showing(empty, secret) as client:
        before = client.get("/v1/products").status_code
        with open_catalog(empty) as catalog, catalog.writing() as conn:
            tokens.revoke(conn, "one", now=NOW)
        assert (before, client.get("/v1/products").status_code) == (200, 401)


def test_guessing_tokens_is_stopped(empty: Settings) -> None:
    with showing(empty, "mesh_0_guess") as client:
        answers = [client.get("/v1/products") for _ in range(25)]
    assert [one.status_code for one in answers] == [401] * 20 + [429] * 5
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_browser_signs_in_once_and_out_again(empty: Settings) -> None:
    secret = made(empty, "ana")
    with visitor(empty) as client:
        sent_on = client.get("/v1/products?domain=a", headers={"Accept": "text/html"}, follow_redirects=False)
        assert sent_on.headers["Location"] == "/sign-in?next=%2Fv1%2Fproducts%3Fdomain%3Da"
        form = client.form("/sign-in")
        wrong = client.post("/sign-in", data={**form, "token": "mesh_0_guess"})
        right = client.post("/sign-in", data={**form, "token": secret, "next": "/v1/products"}, follow_redirects=False)
        assert (wrong.status_code, right.status_code, right.headers["Location"]) == (403, 303, "/v1/products")
        assert {"HttpOnly", "SameSite=Lax"} <= set(right.headers["Set-Cookie"].split("; "))
        assert client.get("/v1/products").status_code == 200
        assert 'action="/sign-out"' in client.get("/sign-in").text
        client.post("/sign-out", data=form, follow_redirects=False)
        assert client.get("/v1/products").status_code == 401


def test_a_form_that_is_sent_after_the_session_ended_is_answered_with_a_page_that_leads_back(empty: Settings) -> None:
    secret = made(empty, "ana", "feedback")
    sent = {"Accept": "text/html", "Referer": "http://127.0.0.1:5000/products/orders.order_lines.v1?days=7"}
    with visitor(empty) as client:
        client.post("/sign-in", data={**client.form("/sign-in"), "token": secret}, follow_redirects=False)
        with open_catalog(empty) as catalog, catalog.writing() as conn:
            tokens.revoke(conn, "ana", now=NOW)
        path = "/products/orders.order_lines.v1/comments"
        revoked = client.post(path, data={"text": "<b>hello"}, headers=sent)
        client.cookies.clear()
        gone = client.post(path, data={"text": "hello"}, headers=sent)
        elsewhere = client.post(path, data={}, headers=sent | {"Referer": "https://example.org/x"})
        program = client.post(path, data={"text": "hello"})
        interface = client.post("/v1/products", content="x", headers=sent)
    back = "/sign-in?next=%2Fproducts%2Forders.order_lines.v1%3Fdays%3D7"
    for answer in (revoked, gone):
        assert answer.status_code == 401
        assert "You are no longer signed in" in answer.text
        assert f'href="{back}"' in answer.text
    assert "What you sent was not taken: the token does not count: it is unknown, expired or revoked." in revoked.text
    assert "What you sent was not taken: your session has ended." in gone.text
    assert 'href="/sign-in?next=%2F"' in elsewhere.text
    assert (program.json()["code"], interface.json()["code"]) == (401, 401)


@pytest.mark.parametrize("to", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(empty: Settings, to: str) -> None:
    secret = made(empty, "ana")
    with visitor(empty) as client:
        form = client.form("/sign-in")
        answer = client.post("/sign-in", data={**form, "token": secret, "next": to}, follow_redirects=False)
    assert answer.headers["Location"] == "/"


@pytest.mark.slow
def test_a_running_service_takes_a_token_made_meanwhile(empty: Settings) -> None:
    with service(empty) as url:
        secret = mesh(empty, "token", "create", "late", "--role", "analyst").out.strip()
        answer = httpx.get(f"{url}/v1/products", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


@pytest.mark.slow
def test_tokens_count_alike_in_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    settings = mesh_at(tmp_path, MESH_AUTH="token", MESH_NOW=NOW.isoformat(), MESH_CATALOG_URL=postgres.url)
    secret, old = made(settings, "ana"), made(settings, "old", days=0)
    with showing(settings, secret) as client:
        assert client.get("/v1/products").status_code == 200
        assert client.get("/v1/products", headers={"Authorization": f"Bearer {old}"}).status_code == 401
        with open_catalog(settings) as catalog, catalog.writing() as conn:
            tokens.revoke(conn, "ana", now=NOW)
        assert client.get("/v1/products").status_code == 401
