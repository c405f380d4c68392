"""A real identity provider for tests: it describes itself, publishes its keys over HTTP, signs tokens, and signs people
in by the authorization code flow: its pages, its codes, its sessions and its checks are those of the standard."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Fields = Mapping[str, str]
ID, SECRET = "catalog", "s3cret/of the catalog"
_SESSION = "idp_session"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key of this name, made once: it takes a while."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Answer:
    """What the provider answers a browser or a client."""

    status: int = 200
    said: object = ""
    headers: dict[str, str] = field(default_factory=dict)


class IdentityProvider:
    """``keys`` are those it publishes, by key id; ``reads`` counts how often they were read. ``person`` is what it says
    of whoever signs in; ``about`` what it says of itself beyond the addresses; ``broken`` makes its ID tokens
    wrong, and ``access`` its access tokens, which say nothing to others while it is ``opaque``."""

    def __init__(self, port: int = 0) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {}
        self.reads = 0
        self.forget()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forget(self) -> None:
        """Be as in the beginning, but for the keys."""
        self.person: dict[str, Any] = {"preferred_username": "ana", "role": "analyst"}
        self.about: dict[str, Any] = {}
        self.broken: dict[str, Any] = {}
        self.access: dict[str, Any] = {}
        self.granted: str | None = None
        self.opaque = True
        self.secret = SECRET
        self.places: set[str] = set()  # where it sends people back to; any place while it is empty
        self.asked: list[Fields] = []
        self.left: list[Fields] = []
        self._codes: dict[str, Fields | None] = {}
        self._sessions: set[str] = set()

    def rotate(self, kid: str, *, curve: bool = False) -> None:
        """From now on there is one key only, called ``kid``."""
        self.keys = {kid: ec.generate_private_key(ec.SECP256R1()) if curve else rsa_key(kid)}

    def token(self, *, sign_with: Any = None, algorithm: str = "", kid: str = "", **claims: Any) -> str:
        """A token that counts, but for what the arguments say; a claim of None is left out."""
        known = next(iter(self.keys))
        key = self.keys[known] if sign_with is None else sign_with
        said = {"iss": self.url, "aud": "mesh", "sub": "u-1", "exp": time.time() + 60, "role": "analyst", **claims}
        kind = algorithm or ("ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256")
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key, algorithm=kind, headers={"kid": kid or known})

    def authorize(self, asked: Fields, cookies: Fields) -> Answer:
        """Its page to sign in; the way back with a code for who is signed in already."""
        wrong = self._misasked(asked)
        if wrong:
            return Answer(400, f"<h1>{escape(wrong)}</h1>", {"Content-Type": "text/html"})
        self.asked.append(asked)
        if cookies.get(_SESSION) in self._sessions and asked.get("prompt") != "login":
            return self._back(asked)
        hidden = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in asked.items())
        buttons = '<button name="answer" value="yes">Yes</button><button name="answer" value="no">No</button>'
        page = f'<title>Sign in</title><form method="post" action="/login">{hidden}{buttons}</form>'
        return Answer(200, page, {"Content-Type": "text/html"})

    def login(self, asked: Fields) -> Answer:
        """What its page leads to."""
        if asked.get("answer") != "yes":
            refused = {"error": "access_denied", "error_description": "The person <b>said</b> no"}
            return _sent(asked["redirect_uri"], {**refused, "state": asked["state"]})
        session = secrets.token_hex(8)
        self._sessions.add(session)
        answer = self._back(asked)
        answer.headers["Set-Cookie"] = f"{_SESSION}={session}; Path=/; HttpOnly"
        return answer

    def tokens(self, form: Fields, authorization: str) -> Answer:
        """Tokens for a code, once, to the client that it was for, with the verifier of the challenge."""
        given = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        if given != (ID, self.secret):
            return Answer(401, {"error": "invalid_client", "error_description": "who are you"})
        code = form.get("code", "")
        asked = self._codes.get(code)
        self._codes[code] = None
        if asked is None:
            return Answer(400, {"error": "invalid_grant", "error_description": "Code not valid"})
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return Answer(400, {"error": "invalid_grant", "error_description": "PKCE verification failed"})
        if form.get("redirect_uri") != asked["redirect_uri"] or form.get("grant_type") != "authorization_code":
            return Answer(400, {"error": "invalid_grant", "error_description": "Incorrect redirect_uri"})
        said = {"aud": ID, "nonce": asked["nonce"], "iat": time.time(), "role": None, **self.person, **self.broken}
        access = secrets.token_urlsafe(16) if self.opaque else self.token(**self.person | self.access)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": self.token(**said)}
        return Answer(200, answer | ({} if self.granted is None else {"scope": self.granted}))

    def logout(self, asked: Fields, cookies: Fields) -> Answer:
        """The end of its session, for who brings an ID token that it signed."""
        jwt.decode(asked["id_token_hint"], options={"verify_signature": False})
        self.left.append(asked)
        self._sessions.discard(cookies.get(_SESSION, ""))
        return _sent(asked["post_logout_redirect_uri"], {})

    def _misasked(self, asked: Fields) -> str:
        wanted = {"response_type": "code", "client_id": ID, "code_challenge_method": "S256"}
        wrong = [name for name, value in wanted.items() if asked.get(name) != value]
        missing = [name for name in ("state", "nonce", "code_challenge", "redirect_uri") if not asked.get(name)]
        foreign = ["redirect_uri"] if self.places and asked.get("redirect_uri") not in self.places else []
        return ", ".join(wrong + missing + foreign)

    def _back(self, asked: Fields) -> Answer:
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return _sent(asked["redirect_uri"], {"code": code, "state": asked["state"], "iss": self.url})

    def _described(self) -> dict[str, Any]:
        ways = {"jwks_uri": "keys", "authorization_endpoint": "authorize", "token_endpoint": "token",
                "end_session_endpoint": "logout"}  # fmt: skip
        said = {"issuer": self.url, **{name: f"{self.url}/{way}" for name, way in ways.items()}, **self.about}
        return {name: value for name, value in said.items() if value is not None}

    def _published(self) -> dict[str, Any]:
        found = []
        for kid, key in self.keys.items():
            algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
            found.append({**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"})
        return {"keys": found}

    def _keys(self) -> Answer:
        self.reads += 1
        return Answer(200, self._published())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = dict(parse_qsl(urlsplit(self.path).query))
                ways: dict[str, Callable[[], Answer]] = {
                    "/.well-known/openid-configuration": lambda: Answer(200, provider._described()),
                    "/keys": provider._keys,
                    "/authorize": lambda: provider.authorize(asked, self._cookies()),
                    "/logout": lambda: provider.logout(asked, self._cookies()),
                    "/favicon.ico": lambda: Answer(204),
                    "/elsewhere": lambda: _sent("http://evil.example/", {}),
                }
                self._answer(ways.get(urlsplit(self.path).path, lambda: Answer(404))())

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                if self.path == "/login":
                    self._answer(provider.login(form))
                elif self.path == "/elsewhere":
                    self._answer(_sent(f"{provider.url}/keys", {}))
                else:
                    self._answer(provider.tokens(form, self.headers.get("Authorization", "")))

            def _cookies(self) -> dict[str, str]:
                return {name: one.value for name, one in SimpleCookie(self.headers.get("Cookie", "")).items()}

            def _answer(self, answer: Answer) -> None:
                body = answer.said if isinstance(answer.said, str) else json.dumps(answer.said)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def _sent(to: str, said: Fields) -> Answer:
    return Answer(302, "", {"Location": f"{to}?{urlencode(said)}" if said else to})


def _basic(authorization: str) -> tuple[str, str] | None:
    kind, _, text = authorization.partition(" ")
    if kind != "Basic":
        return None
    name, _, secret = base64.b64decode(text).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


@contextmanager
def identity_provider(port: int = 0) -> Iterator[IdentityProvider]:
    """A provider with one RSA key that answers, at any free port or this one, while the block runs."""
    made = IdentityProvider(port)
    made.rotate("first")
    Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
