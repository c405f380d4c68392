"""What pages owe to people who do not look at them, and who may write on them."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from sqlalchemy import Connection
from starlette.testclient import TestClient

from mesh_orchestration.catalog import tokens
from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.web.app import create_app
from tests.builders import contract_text, product, settings_at, write_contract
from tests.orchestration.shop import REPOSITORY
from tests.publication.publishing import exported, publish_orders
from tests.publication.test_query import COLUMNS, SPOKEN
from tests.web.browser import visitor
from tests.web.pages1.test_pages import LINES, PAGES
from tests.web.service import service

pytestmark = pytest.mark.slow
_FAULTS = """() => {
  const faults = [], all = (s) => [...document.querySelectorAll(s)];
  const name = (e) => (e.getAttribute("aria-label") || e.textContent || e.title || "").trim();
  const ids = all("[id]").map((e) => e.id);
  for (const id of ids.filter((id, place) => ids.indexOf(id) !== place)) faults.push(`the id ${id} stands twice`);
  for (const e of all("a[href], button")) if (!name(e)) faults.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  for (const e of all("input:not([type=hidden]), select, textarea"))
    if (!e.labels.length && !e.getAttribute("aria-label")) faults.push(`no label: ${e.outerHTML.slice(0, 80)}`);
  for (const e of all("svg[role=img]")) if (!name(e)) faults.push("a picture without a name");
  for (const e of all("img")) if (!e.hasAttribute("alt")) faults.push("a picture without alt");
  for (const e of all("th")) if (!e.closest("thead") && !e.scope) faults.push("a heading of a row without scope");
  if (all("h1").length !== 1) faults.push(`${all("h1").length} h1`);
  let level = 0;
  for (const e of all("main h1, main h2, main h3, main h4")) {
    if (+e.tagName[1] > level + 1) faults.push(`${e.tagName} ${e.textContent.trim().slice(0, 30)} follows h${level}`);
    level = +e.tagName[1];
  }
  for (const e of all("[style], script:not([src]), style")) faults.push(`inline: ${e.outerHTML.slice(0, 80)}`);
  for (const place of ["main", "nav", "header"]) if (!document.querySelector(place)) faults.push(`no ${place}`);
  return [...new Set(faults)];
}"""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_without_seeing_it(site: str, browser: Browser, path: str) -> None:
    with visitor(browser) as page:
        page.goto(site + path)
        assert page.evaluate(_FAULTS) == []


def test_the_look_for_faults_finds_them(browser: Browser) -> None:
    with visitor(browser) as page:
        page.set_content(
            "<main><h1>A</h1><h3 id=a style='color: red'>B</h3><p id=a><input><button></button><img src=''>"
            "<svg role=img></svg><table><tr><th>C</th></tr></table></main>"
        )
        found = page.evaluate(_FAULTS)
    assert [fault.split(":")[0] for fault in found] == [
        "the id a stands twice", "no name", "no label", "a picture without a name", "a picture without alt",
        "a heading of a row without scope", "H3 B follows h1", "inline", "no nav", "no header",
    ]  # fmt: skip


def test_every_link_leads_somewhere(site: str) -> None:
    with httpx.Client(base_url=site, follow_redirects=True, timeout=60) as client:
        texts = {path: client.get(path).text for path in PAGES}
        links = {unescape(link) for text in texts.values() for link in re.findall(r'href="([^"]+)"', text)}
        inside = sorted(link for link in links if link.startswith("/"))
        assert len(inside) > 40
        lost = {link: code for link in inside if (code := client.get(link).status_code) != 200}
    assert lost == {}
    for path, text in texts.items():
        marks = {link for link in re.findall(r'href="#([^"]+)"', text) if f'id="{link}"' not in text}
        assert (path, marks) == (path, set())


def test_whom_a_policy_denies_gets_the_reason_in_place_of_rows(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, MESH_ROLE="intern")
    shutil.copytree(REPOSITORY / "policies", tmp_path / "policies")
    write_contract(tmp_path, contract_text(**SPOKEN))
    with open_lake(settings) as lake:
        export = exported(1, 2, 3, columns=COLUMNS)
        assert publish_orders(lake, run="r1", export=export, contract=product(**SPOKEN)).published
    with open_catalog(settings) as catalog:
        project(settings, catalog, load_mesh(settings))
    local = TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    with local as client:
        page, plain = client.get(f"{LINES}/sample"), client.get(f"{LINES}/sample.json")
    assert (page.status_code, plain.status_code) == (403, 403)
    assert "No rows for you" in page.text
    assert "intern" in plain.json()["message"]
    assert "ada@example.com" not in page.text + plain.text


def test_whoever_has_no_right_to_write_gets_no_form_and_whoever_has_writes_under_their_name(shown: Settings) -> None:
    with open_catalog(shown) as catalog, catalog.writing() as conn:
        reader, writer = (_token(conn, shown, name, rights) for name, rights in (("rita", ()), ("will", ("feedback",))))
    with service(shown, MESH_AUTH="token") as url:
        assert httpx.get(url + LINES).status_code == 401
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {reader}"}) as client:
            page = client.get(LINES).text
            assert ("Write to everybody" in page, 'class="star' in page) == (False, False)
            assert client.post(f"{LINES}/rating", data={"stars": "1", "csrf": "x"}).status_code == 403
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {writer}"}) as client:
            form = {"csrf": re.findall(r'name="csrf" value="([^"]+)"', client.get(LINES).text)[0]}
            said = client.post(f"{LINES}/comments", data=form | {"text": "Seen."}, follow_redirects=True)
            assert "<strong>will</strong>" in said.text
            assert client.post(f"{LINES}/rating", data=form | {"stars": "9"}).status_code == 422
            assert client.post(f"{LINES}/comments", data=form | {"text": " "}).status_code == 422
            number = re.findall(r"comments/(\d+)/withdraw", said.text)[0]
            assert client.post(f"{LINES}/comments/{number}/withdraw", data=form).status_code == 303


def _token(conn: Connection, settings: Settings, name: str, rights: tuple[str, ...]) -> str:
    now = settings.now()
    return tokens.create(conn, tokens.Token("", name, "analyst", rights, now, "test", now + timedelta(days=1), None))
