"""Signing in at an identity provider: who gets in, as whom, and where it leads."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from mesh_orchestration.catalog import sessions
from mesh_orchestration.catalog.sessions import Session
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.app import create_app
from tests.builders import mesh_at
from tests.cli.mesh import mesh_each
from tests.postgres import PostgresDatabase
from tests.web.api.client import visitor
from tests.web.api.person import PAGE, Person, mesh_with, person
from tests.web.api.provider import IdentityProvider, identity_provider
from tests.web.service import service

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


@pytest.fixture
def settings(tmp_path: Path, provider: IdentityProvider) -> Settings:
    return mesh_with(tmp_path, provider.url)


@pytest.fixture
def ana(settings: Settings, provider: IdentityProvider) -> Iterator[Person]:
    with person(settings, provider) as found:
        yield found


def session_of(settings: Settings, who: Person) -> Session:
    """What the service keeps of the session."""
    with open_catalog(settings) as catalog, catalog.reading() as conn:
        found = sessions.find(conn, who.session)
    assert found is not None
    return found


def test_who_opens_a_page_signs_in_at_the_provider_and_is_back_on_it(ana: Person, settings: Settings) -> None:
    first = ana.mesh.get("/search?q=order&domain=a", headers=PAGE, follow_redirects=False)
    assert first.headers["Location"] == "/sign-in/start?next=%2Fsearch%3Fq%3Dorder%26domain%3Da"
    second = ana.mesh.get(first.headers["Location"], headers=PAGE, follow_redirects=False)
    end = ana.back(ana.consented(second.headers["Location"]))
    assert (end.status_code, end.headers["Location"]) == (303, "/search?q=order&domain=a")
    page = ana.mesh.get("/search?q=order", headers=PAGE).text
    assert (ana.sees(), "Signed in as ana, in the role analyst" in page) == (200, True)
    found = session_of(settings, ana)
    assert (found.who, found.role, found.rights) == ("ana", "analyst", ())


def test_the_session_is_a_cookie_that_no_script_reads_and_that_holds_no_token(ana: Person, settings: Settings) -> None:
    cookie = next(one for one in ana.sign_in().headers.get_list("Set-Cookie") if one.startswith("mesh_session"))
    assert re.fullmatch(
        r"mesh_session=session_[0-9a-f]{12}_[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=28800", cookie
    )
    held = [path for path in settings.home.rglob("*") if path.is_file() and ana.session.encode() in path.read_bytes()]
    tokens = [path for path in settings.home.rglob("*") if path.is_file() and b"eyJ" in path.read_bytes()]
    assert (held, tokens) == ([], [])


def test_the_provider_is_asked_with_a_challenge_a_state_and_a_nonce_that_are_new_each_time(
    ana: Person, provider: IdentityProvider
) -> None:
    ana.sign_in()
    ana.sign_in()
    first, second = provider.asked
    assert {name for name in first if first[name] != second[name]} == {"state", "nonce", "code_challenge"}
    assert (first["redirect_uri"], first["scope"]) == (
        "http://127.0.0.1:5000/sign-in/callback",
        "openid profile email",
    )


def test_somebody_else_can_sign_in_where_the_provider_knows_one(ana: Person, provider: IdentityProvider) -> None:
    ana.sign_in()
    assert ana.provider.get(ana.asked()).status_code == 302
    assert ana.provider.get(ana.asked(anew="1")).status_code == 200
    assert provider.asked[-1]["prompt"] == "login"


def test_a_key_that_is_new_at_the_provider_counts_at_once(ana: Person, provider: IdentityProvider) -> None:
    ana.sign_in()
    provider.rotate("second", curve=True)
    assert (ana.sign_in().status_code, provider.reads) == (303, 2)


@pytest.mark.parametrize(
    ("about", "secret"),
    [
        ({}, True),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, True),
        ({"token_endpoint_auth_methods_supported": ["none"]}, False),
    ],
    ids=["in-a-header", "in-the-form", "public-client"],
)
def test_the_service_proves_itself_as_the_provider_wants(
    tmp_path: Path, provider: IdentityProvider, about: dict[str, Any], secret: bool
) -> None:
    provider.about = about
    said = {} if secret else {"MESH_OIDC_CLIENT_SECRET": ""}
    provider.secret = provider.secret if secret else ""
    with person(mesh_with(tmp_path, provider.url, **said), provider) as ana:
        assert ana.sign_in().status_code == 303


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"role": "engineer"}, "engineer"),
        ({"role": ["offline_access", "engineer", "analyst"]}, "engineer"),
        ({"role": "owner"}, "of the provider says &#39;owner&#39;, which is no role of this mesh"),
        ({"role": None}, "you are ana, but have no role here; the claim &#39;role&#39; of the provider says nothing"),
    ],
)
def test_the_role_is_one_of_governance_or_nobody_gets_in(
    ana: Person, settings: Settings, provider: IdentityProvider, claims: dict[str, Any], role: str
) -> None:
    provider.person |= claims
    answer = ana.sign_in()
    if answer.status_code == 303:
        assert session_of(settings, ana).role == role
    else:
        assert (answer.status_code, role in answer.text, ana.session) == (403, True, "")
        assert "anew=1" in answer.text


def test_an_access_token_for_this_service_says_what_the_id_token_does_not(
    tmp_path: Path, provider: IdentityProvider
) -> None:
    said = {"MESH_OIDC_AUDIENCE": "mesh", "MESH_OIDC_ROLE_CLAIM": "realm_access.roles"}
    settings = mesh_with(tmp_path, provider.url, **said)
    access = {"realm_access": {"roles": ["uma_authorization", "engineer"]}, "scope": "openid mesh:incidents"}
    provider.opaque, provider.person, provider.granted = False, access, "openid mesh:feedback"
    provider.broken = {"realm_access": None, "scope": None}
    with person(settings, provider) as who:
        assert who.sign_in().status_code == 303
        found = session_of(settings, who)
    assert (found.who, found.role, found.rights) == ("u-1", "engineer", ("feedback", "incidents"))


@pytest.mark.parametrize(("granted", "rights"), [("openid mesh:feedback mesh:all", ("feedback",)), ("openid", ())])
def test_rights_are_the_scopes_that_were_granted(
    tmp_path: Path, provider: IdentityProvider, granted: str, rights: tuple[str, ...]
) -> None:
    settings = mesh_with(tmp_path, provider.url, MESH_OIDC_SCOPES="openid mesh:feedback mesh:products")
    provider.granted = granted
    with person(settings, provider) as who:
        who.sign_in()
        assert session_of(settings, who).rights == rights


def test_programs_show_their_tokens_as_before(ana: Person, provider: IdentityProvider) -> None:
    bearer = {"Authorization": f"Bearer {provider.token(aud='catalog')}"}
    refused = ana.mesh.get("/v1/products")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="mesh"')
    assert ana.mesh.get("/v1/products", headers=bearer).status_code == 200


def test_a_token_can_still_be_pasted(ana: Person, provider: IdentityProvider) -> None:
    form = ana.mesh.form("/sign-in")
    token = provider.token(aud="catalog")
    answer = ana.mesh.post("/sign-in", data={**form, "token": token}, follow_redirects=False)
    assert (answer.status_code, ana.sees()) == (303, 200)


@pytest.mark.parametrize("mode", ["", "token", "oidc"])
def test_without_a_client_the_page_asks_for_a_token_alone(
    tmp_path: Path, provider: IdentityProvider, mode: str
) -> None:
    said = {"MESH_AUTH": mode, "MESH_OIDC_ISSUER": provider.url, "MESH_OIDC_AUDIENCE": "mesh"}
    with visitor(mesh_at(tmp_path, **said)) as client:
        page = client.get("/sign-in", headers=PAGE).text
        ways = [client.get(f"/sign-in/{way}").status_code for way in ("start", "callback")]
        sent = client.get("/search", headers=PAGE, follow_redirects=False)
    assert ("/sign-in/start" in page, 'name="token"' in page, ways) == (False, True, [404, 404])
    assert (sent.status_code, sent.headers.get("Location")) == (
        (303, "/sign-in?next=%2Fsearch") if mode else (200, None)
    )


def test_signing_out_ends_the_session_here_and_at_the_provider(ana: Person, provider: IdentityProvider) -> None:
    ana.sign_in()
    copied = ana.session
    page = ana.mesh.post("/sign-out", data=ana.mesh.form("/sign-in"), headers=PAGE)
    there = re.search(r'class="button" href="([^"]+)"', page.text)
    assert there is not None
    left = ana.provider.get(there[1].replace("&amp;", "&"))
    assert left.headers["Location"] == "http://127.0.0.1:5000/sign-in"
    assert ({"client_id": "catalog"}.items() <= provider.left[0].items(), ana.session) == (True, "")
    assert ana.provider.get(ana.asked()).status_code == 200  # its page: it knows nobody any more
    ana.mesh.cookies.set("mesh_session", copied)
    assert ana.sees() == 401


def test_signing_out_is_over_here_where_the_provider_has_no_such_page(ana: Person, provider: IdentityProvider) -> None:
    provider.about = {"end_session_endpoint": None}
    ana.sign_in()
    answer = ana.mesh.post("/sign-out", data=ana.mesh.form("/sign-in"), follow_redirects=False)
    assert (answer.headers["Location"], ana.session) == ("/sign-in", "")


@pytest.mark.slow
def test_the_sessions_of_somebody_who_left_are_ended_by_a_command(
    ana: Person, settings: Settings, provider: IdentityProvider
) -> None:
    ana.sign_in()
    with person(settings, provider) as bob:
        provider.person |= {"preferred_username": "[b]ob", "role": "engineer"}
        bob.sign_in()
        bob.sign_in()
        listed, shown, wrong, ended, again = mesh_each(
            settings,
            ("session", "list", "--json"),
            ("session", "list"),
            ("session", "end", "anna"),
            ("session", "end", "[b]ob"),
            ("session", "list", "--json"),
        )
        assert (ana.sees(), bob.sees()) == (200, 401)
    assert [(one["who"], one["role"], one["rights"]) for one in listed.json] == [
        ("ana", "analyst", []), ("[b]ob", "engineer", []), ("[b]ob", "engineer", []),
    ]  # fmt: skip
    assert (shown.code, "[b]ob" in shown.out) == (0, True)
    assert (wrong.code, "'anna' is not signed in; did you mean 'ana'?" in wrong.err) == (1, True)
    assert (ended.out, [one["who"] for one in again.json]) == ("[b]ob is signed out of 2 sessions\n", ["ana"])


def test_a_session_ends_by_itself(tmp_path: Path, provider: IdentityProvider) -> None:
    said = {"MESH_OIDC_SESSION_MINUTES": "30"}
    seen = []
    with person(mesh_with(tmp_path, provider.url, MESH_NOW=NOW.isoformat(), **said), provider) as ana:
        assert "Max-Age=1800" in ana.sign_in().headers["Set-Cookie"]
        for minutes in (29, 30):
            now = (NOW + timedelta(minutes=minutes)).isoformat()
            with visitor(mesh_with(tmp_path, provider.url, MESH_NOW=now, **said)) as later:
                later.cookies.set("mesh_session", ana.session)
                seen.append(later.get("/search", headers=PAGE, follow_redirects=False).status_code)
                seen.extend({later.get("/v1/products").status_code for _ in range(25)})
    assert seen == [200, 200, 303, 401]  # and never 429: to have been here is no guess


def test_behind_a_proxy_the_way_back_is_the_public_address(tmp_path: Path, provider: IdentityProvider) -> None:
    settings = mesh_with(tmp_path, provider.url, MESH_SERVE_URL="https://mesh.example.org/")
    provider.places = {"https://mesh.example.org/sign-in/callback"}
    with person(settings, provider) as ana:
        ana.mesh.base_url = "https://mesh.example.org"
        end = ana.sign_in("/search")
        assert (end.status_code, end.headers["Location"]) == (303, "/search")
        assert end.headers["Set-Cookie"].endswith("; Secure")


def test_a_proxy_that_speaks_http_with_us_gets_a_secure_cookie_too(tmp_path: Path, provider: IdentityProvider) -> None:
    settings = mesh_with(tmp_path, provider.url, MESH_SERVE_URL="https://mesh.example.org")
    with person(settings, provider) as ana:
        ana.mesh.headers["Host"] = "mesh.example.org"
        begun = ana.asked()
        back = urlsplit(ana.consented(begun))
        assert ana.back(f"{back.path}?{back.query}").headers["Set-Cookie"].endswith("; Secure")


def test_who_calls_the_service_by_another_name_is_sent_to_its_public_one_once(
    tmp_path: Path, provider: IdentityProvider
) -> None:
    settings = mesh_with(tmp_path, provider.url, MESH_SERVE_URL="https://mesh.example.org")
    with person(settings, provider) as ana:
        moved = ana.asked("/search?q=a")
        assert moved == "https://mesh.example.org/sign-in/start?next=%2Fsearch%3Fq%3Da&moved=1"
        assert ana.asked("/search", moved="1").startswith(f"{provider.url}/authorize?")


@pytest.mark.parametrize(("host", "status"), [("localhost:5000", 303), ("10.1.2.3:5000", 503), ("evil.example", 421)])
def test_no_host_is_believed_but_this_machine(ana: Person, host: str, status: int) -> None:
    answer = ana.mesh.get("/sign-in/start", headers={"Host": host, **PAGE}, follow_redirects=False)
    assert answer.status_code == status
    if status == 303:
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert asked["redirect_uri"] == ["http://localhost:5000/sign-in/callback"]
    if status == 503:
        assert "MESH_SERVE_URL" in answer.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MESH_SERVE_URL", "mesh.example.org"),
        ("MESH_SERVE_URL", "https://[mesh"),
        ("MESH_SERVE_URL", "https://mesh:port"),
        ("MESH_OIDC_SCOPES", "profile"),
        ("MESH_OIDC_SESSION_MINUTES", "0"),
        ("MESH_OIDC_SESSION_MINUTES", "long"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name}="):
        create_app(mesh_with(tmp_path, "https://idp.example.org", **{name: value}))


@pytest.mark.slow
def test_people_sign_in_to_a_running_service(settings: Settings, provider: IdentityProvider) -> None:
    with service(settings) as url, httpx.Client(follow_redirects=True, headers=PAGE, timeout=20) as browser:
        page = browser.get(f"{url}/search?q=order")
        fields = dict(re.findall(r'hidden" name="(\w+)" value="([^"]*)"', page.text))
        end = browser.post(f"{provider.url}/login", data={**fields, "answer": "yes"})
        assert (end.status_code, str(end.url)) == (200, f"{url}/search?q=order")
        assert "Sign out" in end.text


@pytest.mark.slow
def test_sessions_count_alike_in_postgresql(
    tmp_path: Path, provider: IdentityProvider, postgres: PostgresDatabase
) -> None:
    with person(mesh_with(tmp_path, provider.url, MESH_CATALOG_URL=postgres.url), provider) as ana:
        begun = ana.consented(ana.asked())
        assert (ana.back(begun).status_code, ana.sees(), ana.back(begun).status_code) == (303, 200, 403)
        ana.mesh.post("/sign-out", data=ana.mesh.form("/sign-in"), follow_redirects=False)
        assert ana.sees() == 401


def test_a_provider_that_is_away_at_the_start_is_asked_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with identity_provider() as gone:
        port = gone.server.server_port
    settings = mesh_with(tmp_path, gone.url)
    with visitor(settings) as client:
        down = client.get("/sign-in/start", headers=PAGE, follow_redirects=False)
        assert (down.status_code, down.headers["Retry-After"]) == (503, "10")
        assert "cannot be asked now" in down.text
        assert f"the description of {gone.url} cannot be read" in caplog.text
        with identity_provider(port) as found, httpx.Client(base_url=found.url) as at_provider:
            who, deadline = Person(client, at_provider), time.monotonic() + 30
            while client.get("/sign-in/start", follow_redirects=False).status_code != 303:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert who.sign_in().status_code == 303
        assert who.sees() == 200  # also while it is away again
