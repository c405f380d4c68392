"""Tokens of the service's API: made once, shown once, kept as a hash, with a role, rights and an end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from mesh_orchestration.catalog.tables_tokens import TOKENS
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import MeshError

RIGHTS = ("feedback", "incidents", "lineage", "products")
"""What a token may allow beyond reading: comment on products, answer incidents, send lineage, register contracts."""

PREFIX = "mesh_"


@dataclass(frozen=True)
class Token:
    """A token without its secret. ``role`` is a role of the policies; ``revoked_at`` is None while it counts."""

    id: str
    name: str
    role: str
    rights: tuple[str, ...]
    made_at: datetime
    made_by: str
    ends_at: datetime
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """``valid``, ``expired`` or ``revoked`` at ``now``."""
        if self.revoked_at:
            return "revoked"
        return "expired" if now >= self.ends_at else "valid"


def create(conn: Connection, token: Token) -> str:
    """Keep ``token`` (its ``id`` is made here) and return the secret, which nobody can read again; raises MeshError
    for a name that is taken and a right that there is none of."""
    for right in token.rights:
        if right not in RIGHTS:
            raise MeshError(f"'{right}' is not a right{suggestion(right, RIGHTS)}")
    if conn.execute(select(TOKENS.c.id).where(TOKENS.c.name == token.name)).first():
        raise MeshError(f"there is a token called '{token.name}' already; choose another name")
    ident = secrets.token_hex(6)
    secret = f"{PREFIX}{ident}_{secrets.token_urlsafe(32)}"
    conn.execute(
        insert(TOKENS).values(
            id=ident, name=token.name, digest=_digest(secret), role=token.role, rights=" ".join(token.rights),
            made_at=token.made_at, made_by=token.made_by, ends_at=token.ends_at,
        )
    )  # fmt: skip
    return secret


def check(conn: Connection, secret: str, *, now: datetime) -> Token | None:
    """The token that ``secret`` is; None when it is unknown, revoked or expired."""
    ident = secret.removeprefix(PREFIX).partition("_")[0]
    row = conn.execute(select(TOKENS).where(TOKENS.c.id == ident)).first()
    if row is None or not hmac.compare_digest(row.digest, _digest(secret)):
        return None
    token = _token(row)
    return token if token.state(now) == "valid" else None


def tokens(conn: Connection) -> tuple[Token, ...]:
    """All tokens by name, also those that no longer count."""
    return tuple(map(_token, conn.execute(select(TOKENS).order_by(TOKENS.c.name))))


def revoke(conn: Connection, name: str, *, now: datetime) -> None:
    """End the token called ``name``, or with this id; raises MeshError when there is none."""
    known: Sequence[Token] = tokens(conn)
    found = next((one for one in known if name in (one.name, one.id)), None)
    if found is None:
        raise MeshError(f"there is no token '{name}'{suggestion(name, [one.name for one in known])}")
    if found.revoked_at is None:
        conn.execute(update(TOKENS).where(TOKENS.c.id == found.id).values(revoked_at=now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Row[tuple[object, ...]]) -> Token:
    return Token(
        row.id, row.name, row.role, tuple(row.rights.split()), row.made_at, row.made_by, row.ends_at, row.revoked_at
    )
