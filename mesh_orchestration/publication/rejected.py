"""The rows that made the audit refuse a publication, read back from the branch that keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
from sqlglot import exp

from mesh_orchestration.audit.asked import ask
from mesh_orchestration.audit.data import SqlData
from mesh_orchestration.audit.scan import Relation, of_wrong_size
from mesh_orchestration.compile.checks import contract_checks
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import StorageError
from mesh_orchestration.expectations.check import Check
from mesh_orchestration.expectations.predicate import Column
from mesh_orchestration.expectations.question import Disorder, Duplicates, Members, Question, Rare, Rows, ignored
from mesh_orchestration.masking import mask_value
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import Snapshot, rejected
from mesh_orchestration.storage.stamp import Verdict

SCHEMA, VIEW = "rejected", "rows"


@dataclass(frozen=True)
class RejectedRows:
    """The rows that broke one check, masked as the contract says, all columns, at most as many as asked.

    ``rows`` is empty for a check that no single row breaks (a mean, a number of rows); ``note`` says so.
    """

    verdict: Verdict
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


def find_rejected(lake: Lake, product: DataProduct, branch: str = "") -> Snapshot:
    """The refused snapshot on ``branch`` (a branch or a run id), the newest without one; raises StorageError."""
    kept = rejected(lake, product.address)
    found = [one for one in kept if branch in ("", one.branch, one.run_id)]
    if found:
        return found[0]
    if not kept:
        raise StorageError(f"{product.address} has no refused publication whose rows are still kept")
    names = ", ".join(one.branch for one in kept)
    raise StorageError(f"{product.address} keeps no refused rows of '{branch}'; kept are {names}")


def rejected_rows(
    lake: Lake, product: DataProduct, *, branch: str = "", check: str = "", limit: int = 20
) -> tuple[RejectedRows, ...]:
    """The rows that broke each failed check of a refused publication, or only those of ``check``.

    Raises StorageError when there is no such publication or it passed or never had such a check.
    """
    snapshot = find_rejected(lake, product, branch)
    failed = [one for one in snapshot.verdicts if not one.success and check in ("", one.name)]
    if check and not failed:
        names = ", ".join(one.name for one in snapshot.verdicts if not one.success)
        raise StorageError(f"{product.address}: check '{check}' did not fail on {snapshot.branch}; failed are {names}")
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        scan(lake, snapshot).attach(connection, SCHEMA, VIEW)
        reader = _Reader(connection, product, snapshot, lake.settings.masking_key)
        return tuple(reader.read(verdict, limit) for verdict in failed)


class _Reader:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, product: DataProduct, snapshot: Snapshot, key: str
    ) -> None:
        self._connection, self._key, self._snapshot = connection, key, snapshot
        self._checks = {check.name: check for check in contract_checks(product)}
        self._masks = {field.name: field.mask for field in product.fields if field.mask}
        data = SqlData("duckdb", f"{SCHEMA}.{VIEW}", lambda sql: connection.execute(sql).fetchall())
        table = exp.table_(VIEW, db=SCHEMA, quoted=True)
        self._relation = Relation("duckdb", table, data.types, data.execute)

    def read(self, verdict: Verdict, limit: int) -> RejectedRows:
        check = self._checks.get(verdict.name)
        if check is None:
            return RejectedRows(verdict, (), (), "the contract no longer has this check")
        try:
            query = self._broken(self._question(check))
        except (ValueError, KeyError, TypeError) as error:
            return RejectedRows(verdict, (), (), f"the check cannot be evaluated: {error}")
        if query is None:
            return RejectedRows(verdict, (), (), "no single row breaks this check; it is about all rows together")
        result = self._connection.execute(query.limit(limit).sql(dialect="duckdb"))
        names = tuple(column[0] for column in result.description or ())
        return RejectedRows(verdict, names, tuple(self._masked(names, row) for row in result.fetchall()))

    def _question(self, check: Check) -> Question | None:
        return ask(check, self._relation.types, self._snapshot.timestamp).question

    def _broken(self, question: Question | None) -> exp.Select | None:
        """A query for the rows that break the expectation; None when that is no matter of rows."""
        write, rows = self._relation.write, self._relation.select(exp.Star())
        match question:
            case Rows():
                return rows.where(write.broken(question))
            case Duplicates() | Rare():
                inside = exp.not_(exp.paren(write.condition(ignored(question.shown, question.ignore))))
                keys = [write.plain(name) for name in question.shown]
                copies = exp.Window(this=exp.Count(this=exp.Star()), partition_by=keys)
                broken = rows.where(inside).qualify(of_wrong_size(question, copies))
                return broken.order_by(*(key.copy() for key in keys))
            case Members(extra=True):
                present = exp.not_(write.missing(question.column))
                return rows.where(present, exp.not_(write.among(Column(question.column), question.values)))
            case Disorder():
                return self._disorder(question)
        return None

    def _disorder(self, question: Disorder) -> exp.Select:
        write = self._relation.write
        before = exp.Window(this=exp.Lag(this=write.column(question.column)))
        wrong = {
            (False, False): exp.LT,
            (False, True): exp.GT,
            (True, False): exp.LTE,
            (True, True): exp.GTE,
        }[question.strictly, question.descending]
        present = exp.not_(write.missing(question.column))
        broken = wrong(this=write.column(question.column), expression=before)
        return self._relation.select(exp.Star()).where(present).qualify(broken)

    def _masked(self, names: tuple[str, ...], row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self._mask(name, value) for name, value in zip(names, row, strict=True))

    def _mask(self, name: str, value: Any) -> Any:
        mask = self._masks.get(name)
        return mask_value(value, mask, self._key) if mask else value
