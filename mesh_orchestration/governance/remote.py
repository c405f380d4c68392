"""An OPA server as the engine: the same bundle, asked over its REST API.

Each policy is sent with one more rule that names the bundle it belongs to, and the data likewise. One request
asks for all values of a document together with those names, so an answer that another bundle had a part in, because
somebody else loaded theirs meanwhile, is seen and asked again after loading. Whatever else goes wrong is a
PolicyError, and its caller denies.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from mesh_orchestration.errors import PolicyError, SettingsError
from mesh_orchestration.governance.bundle import policy_files
from mesh_orchestration.governance.engine import DEADLINE, Asked, Embedded, Engine, Value
from mesh_orchestration.settings import Settings

_OURS = "policies/"
_MARK = "mesh_bundle"
_DATA_MARK = "mesh bundle"
_ATTEMPTS = 3


def engine_for(settings: Settings) -> Engine:
    """The engine that the settings name: the OPA server at ``MESH_OPA_URL``, else the embedded one."""
    url = settings.get("MESH_OPA_URL")
    return Remote(url, token=settings.get("MESH_OPA_TOKEN")) if url else Embedded()


@contextmanager
def starting(settings: Settings) -> Iterator[Engine | None]:
    """The engine of the mesh's policies, on its way while its caller does something else; None without policies."""
    if not policy_files(settings.root):
        yield None
        return
    engine = engine_for(settings)
    try:
        if isinstance(engine, Embedded):
            engine.start()
        yield engine
    finally:
        engine.close()


class Remote:
    """OPA behind a URL; safe to use from any thread and after a fork, one question at a time.

    Raises SettingsError for a URL that is neither https nor on this machine: contracts and the readers'
    names would cross the network in the clear.
    """

    def __init__(self, url: str, *, token: str = "", deadline: float = DEADLINE) -> None:
        self._address = urlsplit(url.rstrip("/"))
        if self._address.scheme not in ("http", "https") or not self._address.hostname:
            raise SettingsError(f"MESH_OPA_URL={url} is not a URL such as https://opa.example.org:8181")
        if self._address.username or self._address.password:
            raise SettingsError("MESH_OPA_URL holds a password; give the token in MESH_OPA_TOKEN")
        if self._address.scheme == "http" and not _is_local(self._address.hostname):
            raise SettingsError(f"MESH_OPA_URL={url} would send decisions in the clear; use https")
        self._token = token
        self._deadline = deadline
        self._lock = threading.Lock()
        self._policies: dict[str, str] = {}
        self._data: Mapping[str, Any] = {}
        self._packages: tuple[str, ...] = ()
        self._bundle = ""
        self._questions: set[str] = set()

    def load(self, policies: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> None:
        """Put these policies and this data in place of those that the server had of a mesh."""
        content = json.dumps([list(map(list, policies)), data], sort_keys=True)
        self._bundle = hashlib.sha256(content.encode()).hexdigest()
        self._policies = {file: f'{text}\n\n{_MARK} := "{self._bundle}"\n' for file, text in policies}
        self._packages = tuple(dict.fromkeys(_package(text) for _, text in policies))
        self._data = {**data.get("config", {}), _DATA_MARK: self._bundle}
        with self._lock:
            self._send_bundle()

    def decide(self, asked: Sequence[Asked]) -> list[tuple[Value, ...]]:
        """The values of each question's rules; raises PolicyError when the server does not answer."""
        with self._lock:
            return [self._decided(question) for question in asked]

    def close(self) -> None:
        """Nothing is held: each request has a connection of its own, and the server keeps the bundle."""

    def _decided(self, question: Asked) -> tuple[Value, ...]:
        for _ in range(_ATTEMPTS):
            name = self._question(question.rules)
            answer = self._evaluated(f"mesh/asked/{name}", question.document)
            if answer.error:
                return tuple(self._alone(rule, question.document) for rule in question.rules)
            if isinstance(answer.value, dict) and answer.value.get("bundles") == [self._bundle]:
                return self._values(question, answer.value.get("values"))
            self._send_bundle()
        raise PolicyError("other policies are put into the OPA server again and again; give each mesh one of its own")

    def _values(self, question: Asked, values: Any) -> tuple[Value, ...]:
        if not isinstance(values, dict):
            return tuple(self._alone(rule, question.document) for rule in question.rules)
        return tuple(Value(values[rule]) for rule in question.rules)

    def _alone(self, rule: str, document: Mapping[str, Any]) -> Value:
        """One rule for itself, so that one that fails is known and the others are answered."""
        for _ in range(_ATTEMPTS):
            answer = self._evaluated(f"mesh/asked/{self._question((rule,))}", document)
            if answer.error:
                return answer
            if isinstance(answer.value, dict) and answer.value.get("bundles") == [self._bundle]:
                values = answer.value.get("values")
                return Value(values[rule]) if isinstance(values, dict) else Value(error="error: is undefined")
            self._send_bundle()
        return Value(error="error: other policies were put into the OPA server meanwhile")

    def _question(self, rules: tuple[str, ...]) -> str:
        """The name of the policy that asks for all of ``rules`` at once; it is put there when it is not yet."""
        packages = ", ".join(f"data.{package}.{_MARK}" for package in self._packages)
        values = ", ".join(f'"{rule}": {rule}' for rule in rules)
        body = (
            f'names := [{packages}{", " if packages else ""}data.config["{_DATA_MARK}"]]\n\n'
            f"bundles contains name if some name in names\n\nvalues := {{{values}}}\n"
        )
        name = f"q{hashlib.sha256(body.encode()).hexdigest()[:24]}"
        if name not in self._questions:
            self._put_policy(f"mesh/asked/{name}", f"package mesh.asked.{name}\n\n{body}")
            self._questions.add(name)
        return name

    def _send_bundle(self) -> None:
        """Make the server's policies of a mesh ours."""
        there = {one["id"]: one["raw"] for one in self._answer("GET", "/v1/policies").get("result", [])}
        there = {name: text for name, text in there.items() if name.startswith(_OURS)}
        self._questions.clear()
        stale = [name for name, text in there.items() if self._policies.get(name) != text]
        _one_after_another(stale, lambda name: self._answer("DELETE", f"/v1/policies/{quote(name)}", missing=True))
        self._answer("PUT", "/v1/data/config", self._data)
        new = [name for name, text in self._policies.items() if there.get(name) != text]
        _one_after_another(new, lambda name: self._put_policy(name, self._policies[name]))

    def _put_policy(self, name: str, text: str) -> None:
        self._answer("PUT", f"/v1/policies/{quote(name)}", text)

    def _evaluated(self, path: str, document: Mapping[str, Any]) -> Value:
        try:
            answer = self._answer("POST", f"/v1/data/{path}?strict-builtin-errors=true", {"input": document})
        except _NotEvaluatedError as error:
            return Value(error=f"error: {error}")
        return Value(answer.get("result"))

    def _answer(self, verb: str, path: str, body: Any = None, *, missing: bool = False) -> dict[str, Any]:
        status, content = self._request(verb, path, body)
        if status == 204 or (missing and status == 404):
            return {}
        try:
            answer = json.loads(content or b"{}")
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise PolicyError(f"the OPA server answered {status} with something that is not JSON")
        if status == 200:
            return answer
        said = _said(answer)
        if verb == "POST" and status == 500:
            raise _NotEvaluatedError(said)
        hint = "; set MESH_OPA_TOKEN" if status in (401, 403) else ""
        kind = _RefusedError if status == 400 else PolicyError
        raise kind(f"the OPA server answered {status} to {verb} {path.split('?')[0]}: {said}{hint}")

    def _request(self, verb: str, path: str, body: Any) -> tuple[int, bytes]:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "text/plain" if isinstance(body, str) else "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connection()
        try:
            connection.request(verb, f"{self._address.path}{path}", content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            where = f"{self._address.scheme}://{self._address.netloc}"
            raise PolicyError(f"the OPA server at {where} did not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        assert self._address.hostname
        kind = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        return kind(self._address.hostname, self._address.port, timeout=self._deadline)


class _RefusedError(PolicyError):
    """The server would not take a policy, or let one go."""


class _NotEvaluatedError(PolicyError):
    """The server could not evaluate what it was asked."""


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _one_after_another(names: Sequence[str], call: Callable[[str], object]) -> None:
    """Call with each name, in an order that works: a policy comes after, and goes before, the functions it calls."""
    waiting = list(names)
    while waiting:
        refused: dict[str, PolicyError] = {}
        for name in waiting:
            try:
                call(name)
            except _RefusedError as error:
                refused[name] = error
        if len(refused) == len(waiting):
            raise next(iter(refused.values()))
        waiting = list(refused)


def _package(text: str) -> str:
    """The package that a policy is in, from its own text."""
    return next((line.split()[1] for line in text.splitlines() if line.startswith("package ")), "")


def _said(answer: Mapping[str, Any]) -> str:
    details = [str(one.get("message", "")) for one in answer.get("errors") or [] if isinstance(one, dict)]
    return "; ".join([str(answer.get("message") or answer.get("code") or "no reason given"), *details])[:500]
