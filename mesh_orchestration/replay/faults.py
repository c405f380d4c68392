"""Faults for demonstrations and tests: the source delivers a file again, broken, and mends it later.

An odd revision of a file is faulty, the even one after it mends it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from mesh_orchestration.errors import SourceError
from mesh_orchestration.quoting import exactly, literal
from mesh_orchestration.replay.landing import Delivery, deliveries, only_writer, place
from mesh_orchestration.replay.tables import TABLES
from mesh_orchestration.settings import Settings

Fault = Literal["nulls", "duplicates", "truncated", "renamed_column", "wrong_type"]
FAULTS: tuple[Fault, ...] = get_args(Fault)

# Per table a column that may be null, though not often, and a column that holds a measure.
_NULLABLE = {
    "transactions": "household_id",
    "products": "product_category",
    "households": "marital_status",
    "promotions": "mailer_location",
    "coupon_redemptions": "campaign_id",
    "coupons": "campaign_id",
    "campaigns": "household_id",
    "campaign_descriptions": "campaign_type",
}
_MEASURE = {
    "transactions": "sales_value",
    "products": "manufacturer_id",
    "households": "income",
    "promotions": "week_start",
    "coupon_redemptions": "redemption_date",
    "coupons": "product_id",
    "campaigns": "household_id",
    "campaign_descriptions": "start_date",
}
_RECENT = 8  # deliveries; the largest of them is delivered again


def inject(settings: Settings, table: str, fault: Fault) -> Path:
    """The file that has landed: a recent delivery of ``table`` once more, broken by ``fault``.

    ``nulls`` empties a column of every row, ``duplicates`` holds every row twice, ``truncated`` ends in
    the middle, ``renamed_column`` and ``wrong_type`` change a column. Raises SourceError for an unknown
    table or fault, and when nothing of the table has landed yet.
    """
    if fault not in FAULTS:
        raise SourceError(f"'{fault}' is not a fault; choose one of {', '.join(FAULTS)}")
    folder = _folder(settings, table)
    with only_writer(settings.landing_dir):
        found = deliveries(folder)
        if not found:
            raise SourceError(f"no {table} have landed; emit first", source=folder)
        first = [delivery for delivery in found if delivery.revision == 0]
        chosen = max(first[-_RECENT:], key=lambda delivery: delivery.path.stat().st_size)
        revision = max(d.revision for d in found if d.stem == chosen.stem)
        broken = _revision(chosen, revision + 1 + revision % 2)
        place(broken, partial(_write, table, fault, chosen.path))
        return broken


def heal(settings: Settings, table: str) -> tuple[Path, ...]:
    """The good files delivered in place of the broken ones of ``table``; empty when none is broken."""
    folder = _folder(settings, table)
    with only_writer(settings.landing_dir):
        latest: dict[str, Delivery] = {delivery.stem: delivery for delivery in deliveries(folder)}
        return tuple(_mend(folder, broken) for broken in latest.values() if broken.revision % 2)


def _mend(folder: Path, broken: Delivery) -> Path:
    good = folder / f"{broken.stem}.parquet"
    mended = _revision(broken, broken.revision + 1)
    place(mended, partial(_copy_bytes, good.read_bytes()))
    for delivery in deliveries(folder):
        if delivery.stem == broken.stem and delivery.revision % 2:
            delivery.path.unlink()
    return mended


def _folder(settings: Settings, table: str) -> Path:
    if table not in TABLES:
        raise SourceError(f"'{table}' is not a table of the source; choose one of {', '.join(TABLES)}")
    return settings.landing_dir / table


def _revision(delivery: Delivery, revision: int) -> Path:
    return delivery.path.with_name(f"{delivery.stem}_r{revision:02d}.parquet")


def _copy_bytes(content: bytes, path: Path) -> int:
    return path.write_bytes(content)


def _write(table: str, fault: Fault, good: Path, path: Path) -> int:
    if fault == "truncated":
        content = good.read_bytes()
        return path.write_bytes(content[: len(content) // 2])
    return _write_query(_BROKEN[fault](table, exactly(good)), path)


def _write_query(query: str, path: Path) -> int:
    import duckdb

    with duckdb.connect() as con:
        found: Any = con.execute(
            f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)"
        ).fetchall()
        return int(found[0][0])


def _nulls(table: str, good: str) -> str:
    return f"select * replace (cast(null as {_type_of(table, good)}) as {_NULLABLE[table]}) from read_parquet({good})"


def _duplicates(_table: str, good: str) -> str:
    return f"select * from read_parquet({good}) union all select * from read_parquet({good})"


def _renamed(table: str, good: str) -> str:
    return f"select * rename ({_MEASURE[table]} as {_MEASURE[table]}_new) from read_parquet({good})"


def _wrong_type(table: str, good: str) -> str:
    return f"select * replace ('n/a ' || {_MEASURE[table]} as {_MEASURE[table]}) from read_parquet({good})"


_BROKEN: dict[Fault, Callable[[str, str], str]] = {
    "nulls": _nulls,
    "duplicates": _duplicates,
    "renamed_column": _renamed,
    "wrong_type": _wrong_type,
}


def _type_of(table: str, good: str) -> str:
    import duckdb

    with duckdb.connect() as con:
        described = con.execute(f"describe select {_NULLABLE[table]} from read_parquet({good})").fetchall()
        return str(described[0][1])
