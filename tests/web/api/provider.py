"""A real identity provider for tests: it describes itself, publishes its keys over HTTP, and signs tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key of this name, made once: it takes a while."""
    return rsa.generate_private_key(65537, 2048)


class IdentityProvider:
    """``keys`` are those it publishes, by key id; ``reads`` counts how often they were read."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {}
        self.reads = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

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

    def _published(self) -> dict[str, Any]:
        found = []
        for kid, key in self.keys.items():
            algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
            found.append({**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"})
        return {"keys": found}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    said = {"issuer": provider.url, "jwks_uri": f"{provider.url}/keys"}
                else:
                    provider.reads += 1
                    said = provider._published()
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """A provider with one RSA key that answers while the block runs."""
    made = IdentityProvider()
    made.rotate("first")
    Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
