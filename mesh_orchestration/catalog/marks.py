"""How far the projection has come in what it reads."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from mesh_orchestration.catalog.tables_products import MARKS


def read_mark(conn: Connection, name: str) -> str:
    """The mark of this name; empty when there is none."""
    return conn.execute(select(MARKS.c.value).where(MARKS.c.name == name)).scalar() or ""


def write_mark(conn: Connection, name: str, value: str) -> None:
    """Set the mark of this name."""
    conn.execute(delete(MARKS).where(MARKS.c.name == name))
    conn.execute(insert(MARKS).values(name=name, value=value))


def advance_mark(conn: Connection, name: str, before: str, after: str) -> bool:
    """Set the mark if it still says ``before``; false when somebody else was faster."""
    if not before:
        if read_mark(conn, name):
            return False
        conn.execute(insert(MARKS).values(name=name, value=after))
        return True
    done = conn.execute(update(MARKS).where(MARKS.c.name == name, MARKS.c.value == before).values(value=after))
    return done.rowcount == 1
