"""What stands before the routes: names, origins, forms, sizes, rates; and what every answer tells a browser."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.app import create_app
from tests.builders import mesh_at
from tests.web.api.client import ELSEWHERE, Visitor, visitor

GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return mesh_at(tmp_path)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A visitor on this machine, of a service that takes little at once."""
    names = "mesh.example.org, other.example.org"
    settings = mesh_at(tmp_path_factory.mktemp("mesh"), MESH_ALLOWED_HOSTS=names, MESH_LINEAGE_MEGABYTES="2")
    with visitor(settings) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:5000", 200), ("localhost:5000", 200), ("[::1]:5000", 200), ("10.1.2.3", 200),
        ("mesh.example.org", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421), ("[::1", 421), ("", 421),
    ],
)  # fmt: skip
def test_only_our_own_names_are_answered(here: Visitor, host: str, status: int) -> None:
    assert here.get("/health", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:5000"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:5000"}, 403),
    ],
)
def test_a_page_of_another_site_changes_nothing(here: Visitor, said: dict[str, str], status: int) -> None:
    assert here.post("/api/v1/lineage/batch", json=[], headers=said).status_code == status


def test_a_form_needs_the_token_of_its_visitor(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, MESH_AUTH="token", MESH_SECRET_KEY="a secret of this mesh")
    with visitor(settings) as one, visitor(settings) as other:
        mine, theirs = one.form("/sign-in"), other.form("/sign-in")
        assert mine["csrf"] != theirs["csrf"]
        answers = [
            one.post("/sign-in", data={**mine, "token": "x", "csrf": token}) for token in ("", theirs["csrf"], "\u00e4")
        ]
        taken = one.post("/sign-in", data={**mine, "token": "x"})
    assert [(one.status_code, one.json()["message"][:36]) for one in answers] == [
        (403, "this form is no longer valid; load i")
    ] * 3
    assert "This token does not count" in taken.text


def test_the_cookie_of_forms_is_for_no_script_and_no_form_of_another_site(empty: Settings) -> None:
    with visitor(empty) as client:
        first, second = client.get("/sign-in"), client.get("/sign-in")
    assert re.fullmatch(r"mesh_csrf=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax", first.headers["Set-Cookie"])
    assert "Set-Cookie" not in second.headers


@pytest.mark.parametrize("path", ["/health", "/sign-in", "/nothing", "/static/mesh.css"])
def test_every_answer_tells_browsers_to_run_nothing_but_our_files(here: Visitor, path: str) -> None:
    headers = here.get(path).headers
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")


def test_a_refusal_before_the_routes_tells_them_too(empty: Settings) -> None:
    with visitor(empty, at=ELSEWHERE) as client:
        answer = client.get("/v1/products")
    assert (answer.status_code, answer.headers["X-Frame-Options"]) == (401, "DENY")


def test_another_machine_needs_a_token_for_everything(empty: Settings) -> None:
    with visitor(empty, at=ELSEWHERE) as client:
        asked = [client.get("/v1/products"), client.post("/api/v1/lineage/batch", json=[])]
    assert [one.status_code for one in asked] == [401, 401]


def test_an_old_session_does_not_lock_this_machine_out(empty: Settings) -> None:
    with visitor(empty) as client:
        client.cookies.set("mesh_session", "mesh_0_of_earlier")
        assert client.get("/v1/products").status_code == 200


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_body_is_unpacked(here: Visitor, pack: Callable[[bytes], bytes]) -> None:
    headers = {**GZIP, "Content-Encoding": "gzip" if pack is gzip.compress else "deflate"}
    answer = here.post("/api/v1/lineage/batch", content=pack(b"[]"), headers=headers)
    assert answer.json()["summary"]["received"] == 0


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (gzip.compress(b" " * 3_000_000, mtime=0), GZIP, 413),
        (b" " * 3_000_000, {"Content-Type": "application/json"}, 413),
        (iter([b" " * 700_000] * 4), {"Content-Type": "application/json"}, 413),
        (gzip.compress(b"[]", mtime=0)[:-9], GZIP, 400),
        (b"no gzip", GZIP, 400),
        (b"[]", {**GZIP, "Content-Encoding": "br"}, 415),
        (b"[]", {"Content-Type": "text/plain"}, 415),
        (b"{", {"Content-Type": "application/json"}, 400),
    ],
)
def test_a_body_that_cannot_be_is_refused(here: Visitor, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = here.post("/api/v1/lineage/batch", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, status)


def test_a_contract_larger_than_a_megabyte_is_refused(here: Visitor) -> None:
    assert here.post("/v1/products", content=b"#" * 1_100_000).status_code == 413


def test_an_address_that_asks_too_often_waits(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, MESH_RATE_LIMIT="3/minute")
    with visitor(settings, at=ELSEWHERE) as client:
        asked = [client.get("/v1/products") for _ in range(4)]
        well = client.get("/health")
    assert [one.status_code for one in asked] == [401, 401, 401, 429]
    assert (0 < int(asked[-1].headers["Retry-After"]) <= 60, well.status_code) == (True, 200)


def test_this_machine_is_not_held_back(tmp_path: Path) -> None:
    with visitor(mesh_at(tmp_path, MESH_RATE_LIMIT="3/minute")) as client:
        assert {client.get("/v1/products").status_code for _ in range(9)} == {200}


@pytest.mark.parametrize(
    "said",
    [{"MESH_AUTH": "yes"}, {"MESH_RATE_LIMIT": "often"}, {"MESH_LINEAGE_MEGABYTES": "x"}, {"MESH_AUTH": "oidc"}],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, said: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=rf"{next(iter(said))}="):
        create_app(mesh_at(tmp_path, **said))


def test_programs_get_errors_as_json_and_people_as_a_page(here: Visitor) -> None:
    program = here.get("/nothing")
    person = here.get("/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert program.json() == {"code": 404, "message": "there is no /nothing"}
    assert (person.status_code, "<script>alert" in person.text) == (404, False)
    assert "&lt;script&gt;alert(1)" in person.text
