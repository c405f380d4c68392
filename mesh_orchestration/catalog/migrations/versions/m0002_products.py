"""Products: what the mesh holds, and the index that finds it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Text

revision = "products"
down_revision = "lineage"
branch_labels = None
depends_on = None

_SQLITE_SEARCH = (
    """create virtual table search_index using fts5(
      names, marks, docs, content='search_document', content_rowid='id', prefix='1 2 3',
      tokenize='unicode61 remove_diacritics 2')""",
    "create virtual table search_word using fts5vocab(search_index, 'row')",
    """create trigger search_document_new after insert on search_document begin
      insert into search_index (rowid, names, marks, docs) values (new.id, new.names, new.marks, new.docs);
    end""",
    """create trigger search_document_gone after delete on search_document begin
      insert into search_index (search_index, rowid, names, marks, docs)
        values ('delete', old.id, old.names, old.marks, old.docs);
    end""",
    """create trigger search_document_changed after update on search_document begin
      insert into search_index (search_index, rowid, names, marks, docs)
        values ('delete', old.id, old.names, old.marks, old.docs);
      insert into search_index (rowid, names, marks, docs) values (new.id, new.names, new.marks, new.docs);
    end""",
)
_POSTGRESQL_SEARCH = (
    """alter table search_document add column words tsvector generated always as (
      setweight(to_tsvector('simple', names), 'A') || setweight(to_tsvector('simple', marks), 'B')
      || setweight(to_tsvector('simple', docs), 'D')) stored""",
    "create index search_document_words on search_document using gin (words)",
)


def upgrade() -> None:
    """Make the tables."""
    _contracts()
    _publications()
    _numbers()
    _search()


def _text(name: str, **options: bool) -> Column[str]:
    return Column(name, Text, **({"nullable": False} | options))  # type: ignore[arg-type]


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _contracts() -> None:
    op.create_table(
        "product",
        _key("address"),
        *map(_text, ("domain", "name", "title", "description", "owner", "status", "version", "hash", "origin")),
        *map(_text, ("file", "document", "tags", "sunset")),
        Column("window", BigInteger),
        _text("problem"),
        Column("snapshot", BigInteger),
        Column("published", BigInteger),
        Column("rows", BigInteger),
        Column("bytes", BigInteger),
        *(Column(name, Integer, nullable=False) for name in ("passed", "failed", "warned")),
        Column("refused", BigInteger),
        _text("mark"),
    )
    for column in ("domain", "owner", "published"):
        op.create_index(f"ix_product_{column}", "product", [column])
    op.create_index("product_glance", "product", ["domain", "owner", "refused", "published", "window", "warned"])
    op.create_table("product_edge", _key("consumer"), _key("source"))
    op.create_index("ix_product_edge_source", "product_edge", ["source"])
    op.create_table("domain", _key("name"), _text("problem"))
    op.create_table(
        "product_column",
        _key("address"),
        Column("place", Integer, primary_key=True, autoincrement=False),
        *map(_text, ("name", "type", "description", "semantics", "unit", "tags", "pii", "mask")),
        Column("nullable", Boolean, nullable=False),
        Column("primary_key", Boolean, nullable=False),
    )
    op.create_index("ix_product_column_name", "product_column", ["name"])
    op.create_table(
        "product_version",
        _key("address"),
        _key("hash"),
        _text("version"),
        Column("at", BigInteger),
        *map(_text, ("commit", "document")),
    )
    op.create_index("ix_product_version_at", "product_version", ["at"])


def _publications() -> None:
    op.create_table(
        "publication",
        _key("address"),
        _key("attempt"),
        Column("snapshot", BigInteger),
        Column("parent", BigInteger),
        _text("branch"),
        Column("at", BigInteger, nullable=False),
        _text("run_id"),
        Column("published", Boolean, nullable=False),
        *map(_text, ("version", "hash")),
        *(Column(name, BigInteger, nullable=False) for name in ("rows", "bytes")),
        *(Column(name, Integer, nullable=False) for name in ("passed", "failed", "warned")),
        *map(_text, ("reasons", "inputs", "rewrite", "policy_hash")),
    )
    op.create_index("ix_publication_at", "publication", ["at"])
    op.create_index("ix_publication_run_id", "publication", ["run_id"])
    op.create_table(
        "check_result",
        _key("address"),
        _key("check"),
        _key("attempt"),
        Column("at", BigInteger, nullable=False),
        Column("passed", Boolean, nullable=False),
        *map(_text, ("severity", "expectation", "column")),
        Column("unexpected", BigInteger),
        Column("elements", BigInteger),
        *map(_text, ("observed", "sample")),
    )


def _numbers() -> None:
    op.create_table(
        "product_usage",
        *map(_key, ("address", "day", "role")),
        Column("reads", BigInteger, nullable=False),
        Column("denied", BigInteger, nullable=False),
    )
    op.create_table("run_cost", *map(_key, ("run_id", "address")), Column("seconds", Double, nullable=False))
    op.create_table(
        "product_trait",
        *map(_key, ("address", "trait")),
        Column("score", Double, nullable=False),
        _text("facts"),
    )
    op.create_table("projection_mark", _key("name"), _text("value"))


def _search() -> None:
    op.create_table(
        "search_document",
        Column("id", Integer, primary_key=True),
        *map(_text, ("kind", "key", "title", "domain", "owner", "tags", "detail", "names", "marks", "docs")),
    )
    op.create_index("search_document_key", "search_document", ["kind", "key"], unique=True)
    op.create_index("search_document_domain", "search_document", ["domain"])
    for statement in _SQLITE_SEARCH if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_SEARCH:
        op.execute(statement)
