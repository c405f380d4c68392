"""Sessions of people who signed in: begun once for each sign-in, kept as a hash, with a role, rights and an end.

The secret is the visitor's alone. What the provider wants to be told when the session ends (an ID token) is kept
under a key that only the secret gives, so that the database holds nothing to sign in with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, insert, select, update

from mesh_orchestration.catalog.tables_sessions import SESSIONS
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import MeshError

PREFIX = "session_"
_KEPT = timedelta(days=1)
"""How long a session that is over is remembered, so that its sign-in begins no second one."""


@dataclass(frozen=True)
class Session:
    """Who is signed in, in which role of the policies, with which rights, until when."""

    who: str
    role: str
    rights: tuple[str, ...]
    ends_at: datetime
    ended_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Whether it goes on at ``now``."""
        return self.ended_at is None and now < self.ends_at


def is_spent(conn: Connection, flow: str) -> bool:
    """Whether the sign-in ``flow`` began a session already."""
    return conn.execute(select(SESSIONS.c.id).where(SESSIONS.c.flow == _digest(flow))).first() is not None


def begin(conn: Connection, session: Session, *, flow: str, hint: str, now: datetime) -> str | None:
    """Keep ``session`` and return its secret, which nobody can read again; None when ``flow`` began one already."""
    conn.execute(delete(SESSIONS).where(SESSIONS.c.ends_at < now - _KEPT))
    if is_spent(conn, flow):
        return None
    ident = secrets.token_hex(6)
    secret = f"{PREFIX}{ident}_{secrets.token_urlsafe(32)}"
    conn.execute(
        insert(SESSIONS).values(
            id=ident, digest=_digest(secret), flow=_digest(flow), who=session.who, role=session.role,
            rights=" ".join(session.rights), ends_at=session.ends_at, hint=_locked(secret, hint),
        )
    )  # fmt: skip
    return secret


def find(conn: Connection, secret: str) -> Session | None:
    """The session that ``secret`` is, also one that is over; None when there is none."""
    row = _row(conn, secret)
    return row and _session(row)


def end(conn: Connection, secret: str, *, now: datetime) -> str:
    """End the session that ``secret`` is; returns its hint, empty when there was none."""
    row = _row(conn, secret)
    if row is None or row.ended_at is not None:
        return ""
    conn.execute(update(SESSIONS).where(SESSIONS.c.id == row.id).values(ended_at=now, hint=""))
    return _unlocked(secret, row.hint)


def going_on(conn: Connection, *, now: datetime) -> tuple[Session, ...]:
    """The sessions that count at ``now``, those that end first before the others."""
    counting = (SESSIONS.c.ended_at.is_(None), SESSIONS.c.ends_at > now)
    return tuple(map(_session, conn.execute(select(SESSIONS).where(*counting).order_by(SESSIONS.c.ends_at))))


def end_all(conn: Connection, who: str, *, now: datetime) -> int:
    """End every session of ``who``; returns how many there were, and raises MeshError when there was none."""
    known = [one.who for one in going_on(conn, now=now)]
    if who not in known:
        raise MeshError(f"'{who}' is not signed in{suggestion(who, sorted(set(known)))}")
    ended = update(SESSIONS).where(SESSIONS.c.who == who, SESSIONS.c.ended_at.is_(None))
    conn.execute(ended.values(ended_at=now, hint=""))
    return known.count(who)


def _row(conn: Connection, secret: str) -> Row[tuple[object, ...]] | None:
    ident = secret.removeprefix(PREFIX).partition("_")[0]
    row = conn.execute(select(SESSIONS).where(SESSIONS.c.id == ident)).first()
    return row if row is not None and hmac.compare_digest(row.digest, _digest(secret)) else None


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(row.who, row.role, tuple(row.rights.split()), row.ends_at, row.ended_at)


def _locked(secret: str, hint: str) -> str:
    from cryptography.fernet import Fernet

    return Fernet(_key(secret)).encrypt(hint.encode()).decode()


def _unlocked(secret: str, locked: str) -> str:
    from cryptography.fernet import Fernet

    return Fernet(_key(secret)).decrypt(locked).decode()


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), b"hint", "sha256"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
