from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import PolicyError, SettingsError
from mesh_orchestration.governance.engine import Asked, Value
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.governance.remote import Remote, engine_for
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, write_contract
from tests.cli.mesh import mesh
from tests.governance.opa_server import ABSENT, ROOT, installed, serving
from tests.governance.policies import write_rule

real = pytest.mark.skipif(not installed(), reason=ABSENT)
BODY = 'deny contains finding if { finding := {"path": "metadata.version", "message": "is no version"} }\n'
POLICY = "package a\n\ndeny contains n if {\n\tsome n in input.numbers\n\tn > data.config.limit.most\n}\n"
HELPED = "package mesh.rules.b\n\nimport data.mesh.lib.{name}\n\ndeny contains 1 if {name}.is_so(input.n)\n"


@pytest.fixture(scope="module")
def opa() -> Iterator[str]:
    with serving("secret") as url:
        yield url


@contextmanager
def answering(content: bytes, *, wait: float = 0.0) -> Iterator[str]:
    """A server that answers every request with ``content`` after ``wait`` seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    time.sleep(wait)
                    connection.sendall(content)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def ask(engine: Remote, *rules: str, **document: object) -> tuple[Value, ...]:
    (values,) = engine.decide([Asked(document, rules)])
    return values


@real
def test_a_server_decides_with_our_policies_and_data(opa: str) -> None:
    engine = Remote(opa, token="secret")
    engine.load([("policies/rules/a.rego", POLICY)], {"config": {"limit": {"most": 3}}})
    assert ask(engine, "data.a.deny", numbers=[1, 5]) == (Value([5]),)

    engine.load([("policies/rules/a.rego", POLICY)], {"config": {"limit": {"most": 9}}})
    assert ask(engine, "data.a.deny", numbers=[1, 5]) == (Value([]),)


@real
def test_two_bundles_on_one_server_are_never_mixed(opa: str) -> None:
    strict, lenient = Remote(opa, token="secret"), Remote(opa, token="secret")
    strict.load([("policies/rules/a.rego", POLICY)], {"config": {"limit": {"most": 3}}})
    lenient.load([("policies/rules/a.rego", POLICY.replace(">", "==")), ("policies/rules/c.rego", "package c\n")], {})

    assert ask(strict, "data.a.deny", numbers=[1, 5]) == (Value([5]),)
    assert ask(lenient, "data.a.deny", numbers=[1, 5]) == (Value([]),)
    assert ask(strict, "data.a.deny", numbers=[7]) == (Value([7]),)


@real
def test_functions_come_before_and_go_after_the_rules_that_call_them(opa: str) -> None:
    engine = Remote(opa, token="secret")
    for name in ("first", "second"):
        library = f"package mesh.lib.{name}\n\nis_so(n) if n == 1\n"
        rule = HELPED.format(name=name)
        engine.load([("policies/rules/b.rego", rule), (f"policies/lib/{name}.rego", library)], {})
        assert ask(engine, "data.mesh.rules.b.deny", n=1) == (Value([1]),)


@real
def test_a_rule_that_cannot_be_evaluated_leaves_the_others_their_answers(opa: str) -> None:
    engine = Remote(opa, token="secret")
    broken = "package d\n\ndeny contains 1 if startswith(input.n, input.text)\n"
    engine.load(
        [("policies/rules/a.rego", POLICY), ("policies/rules/d.rego", broken)], {"config": {"limit": {"most": 3}}}
    )
    fails, fine, absent = ask(engine, "data.d.deny", "data.a.deny", "data.e.deny", n=1, text="x", numbers=[4])

    assert "startswith: operand 1 must be string" in fails.error
    assert fine == Value([4])
    assert absent.error


@real
def test_a_policy_that_is_no_rego_is_refused_with_its_line(opa: str) -> None:
    with pytest.raises(PolicyError, match=r"bad\.rego:2"):
        Remote(opa, token="secret").load([("policies/rules/bad.rego", "package x\nfoo if }\n")], {})


@real
def test_a_wrong_token_is_refused_with_the_setting(opa: str) -> None:
    with pytest.raises(PolicyError, match=r"answered 401.*MESH_OPA_TOKEN"):
        Remote(opa, token="wrong").load([], {})


@real
def test_the_guardrails_decide_the_same_by_a_server(opa: str) -> None:
    here = Settings(ROOT, ROOT / ".mesh", environ={"MESH_NOW": "2026-11-21T10:00:00+00:00"})
    there = replace(here, environ={**here.environ, "MESH_OPA_URL": opa, "MESH_OPA_TOKEN": "secret"})
    found = load_mesh(here)
    with Guardrails(here) as embedded, Guardrails(there) as remote:
        verdicts = embedded.products(found)
        assert verdicts
        assert remote.products(found) == verdicts
        assert remote.bundle.hash == embedded.bundle.hash


@pytest.mark.slow
@real
def test_a_command_asks_the_server(opa: str, settings: Settings) -> None:
    write_contract(settings.root, contract_text())
    write_rule(settings.root, body=BODY)
    message = settings.root / "message.json"
    message.write_text("{}")
    words = ("policy", "eval", "VER-001", str(message))
    answer = mesh(settings, *words, MESH_OPA_URL="http://127.0.0.1:9")
    assert (answer.code, "did not answer" in answer.err) == (1, True)

    answer = mesh(settings, *words, MESH_OPA_URL=opa, MESH_OPA_TOKEN="secret")
    assert (answer.code, answer.out.strip()) == (1, "metadata.version: is no version")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://opa.example.org:8181", "in the clear; use https"),
        ("http://127.0.0.1.example.org", "in the clear; use https"),
        ("ftp://127.0.0.1", "is not a URL"),
        ("opa:8181", "is not a URL"),
        ("https://me:word@opa.example.org", "MESH_OPA_TOKEN"),
    ],
)
def test_a_server_is_reached_safely_or_not_at_all(url: str, said: str, settings: Settings) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        engine_for(replace(settings, environ={"MESH_OPA_URL": url}))
    assert "word@" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "wait", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnono", 0, "something that is not JSON"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", 0, "answered 503"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\n{}", 0, "answered 302"),
        (b"garbage\r\n\r\n", 0, "did not answer"),
        (b"", 3, "timed out"),
    ],
)
def test_whatever_is_no_answer_is_an_error(content: bytes, wait: float, said: str) -> None:
    with answering(content, wait=wait) as url, pytest.raises(PolicyError, match=said):
        Remote(url, deadline=0.3).load([], {})


def test_a_server_that_knows_nothing_of_the_bundle_denies() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as url:
        engine = Remote(url)
        engine.load([("policies/rules/a.rego", POLICY)], {})
        with pytest.raises(PolicyError, match="again and again"):
            ask(engine, "data.a.deny", numbers=[1])


def test_nothing_is_decided_when_the_server_is_gone(settings: Settings) -> None:
    write_contract(settings.root, contract_text())
    write_rule(settings.root, body=BODY)
    gone = replace(settings, environ={"MESH_OPA_URL": "http://127.0.0.1:9"})

    with pytest.raises(PolicyError, match="did not answer"):
        Guardrails(gone)
