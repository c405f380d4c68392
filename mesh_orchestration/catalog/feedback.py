"""What people say of products: one rating each, and comments. It is said nowhere else, so a rebuild keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, delete, func, insert, select, update

from mesh_orchestration.catalog.tables_products import Moment
from mesh_orchestration.errors import MeshError

STARS = range(1, 6)
LONGEST = 4_000
"""Letters of a comment."""

METADATA = MetaData()
RATINGS = Table(
    "product_rating",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("stars", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)
COMMENTS = Table(
    "product_comment",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("address", Text, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)


@dataclass(frozen=True)
class Rating:
    """How many people rated a product, their mean of 1 to 5 (None without any), and how many gave which number."""

    count: int
    mean: float | None
    stars: Mapping[int, int]


@dataclass(frozen=True)
class Comment:
    """One comment; ``text`` is CommonMark as it was sent and is shown only after it is cleaned."""

    id: int
    address: str
    who: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Comments:
    """Some comments, newest first, and how many there are."""

    comments: tuple[Comment, ...]
    total: int


def rating(conn: Connection, address: str) -> Rating:
    """How people rate a product."""
    table = RATINGS.c
    rows = conn.execute(select(table.stars, func.count()).where(table.address == address).group_by(table.stars))
    given: dict[int, int] = dict(rows.tuples().all())
    count = sum(given.values())
    mean = sum(stars * times for stars, times in given.items()) / count if count else None
    return Rating(count, mean, {stars: given.get(stars, 0) for stars in STARS})


def rating_by(conn: Connection, address: str, who: str) -> int | None:
    """The stars that ``who`` gave a product; None when they gave none."""
    table = RATINGS.c
    return conn.execute(select(table.stars).where(table.address == address, table.who == who)).scalar_one_or_none()


def rate(conn: Connection, address: str, stars: int, *, who: str, at: datetime) -> None:
    """Give a product ``stars`` in place of what ``who`` gave it before; raises MeshError unless they are 1 to 5."""
    if stars not in STARS:
        raise MeshError(f"{stars} is not a rating; give 1 to 5 stars")
    table = RATINGS.c
    mine = (table.address == address, table.who == who)
    changed = conn.execute(update(RATINGS).where(*mine).values(stars=stars, at=at))
    if not changed.rowcount:
        conn.execute(insert(RATINGS).values(address=address, who=who, stars=stars, at=at))


def comments(conn: Connection, address: str, *, limit: int = 50, offset: int = 0) -> Comments:
    """What people wrote about a product."""
    table = COMMENTS.c
    found = select(COMMENTS).where(table.address == address).order_by(table.at.desc(), table.id.desc())
    rows = conn.execute(found.limit(limit).offset(offset)).mappings()
    total = conn.execute(select(func.count()).select_from(COMMENTS).where(table.address == address)).scalar_one()
    return Comments(tuple(Comment(**row) for row in rows), int(total))


def comment(conn: Connection, address: str, text: str, *, who: str, at: datetime) -> Comment:
    """Write a comment; raises MeshError for an empty one and for one of more than ``LONGEST`` letters."""
    said = text.replace("\x00", "").strip()
    if not said:
        raise MeshError("the comment is empty; write a word or two")
    if len(said) > LONGEST:
        raise MeshError(f"the comment has {len(said)} letters; at most {LONGEST} are kept")
    values = {"address": address, "who": who, "text": said, "at": at}
    number = int(conn.execute(insert(COMMENTS).values(**values).returning(COMMENTS.c.id)).scalar_one())
    return Comment(id=number, address=address, who=who, text=said, at=at)


def withdraw(conn: Connection, address: str, number: int, *, who: str) -> bool:
    """Take a comment of ``who`` back; False when there is none of theirs with this number."""
    table = COMMENTS.c
    gone = conn.execute(delete(COMMENTS).where(table.id == number, table.address == address, table.who == who))
    return bool(gone.rowcount)
