from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from mesh_orchestration.settings import Settings
from tests.drafts.drafting import ANSWERS, accepted, drafted, finished, load

NAMES = st.lists(
    st.sampled_from(
        ["id", "E-Mail", "ordered at", "is it?", "null", "Größe", "1st", "_batch", "state: x", "#", "'q\"", "{a}"]
    ),
    min_size=1, max_size=4, unique=True,
)  # fmt: skip
WORDS = st.sampled_from(
    ["", "1", "-2.5", "007", "yes", "true", "null", "2026-01-01", "2026-01-01T00:00:00Z",
     "a: b", "# c", "'", '"', "{x}",
     "[", "*y", "&z", "!t", "- u", "é\n2", "\x07", "10:00", "1e5", "~", "0x1F", "1_000", "on", "%", "@", "`"]
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@examples(max_examples=15)
@given(names=NAMES, rows=st.lists(st.lists(WORDS, min_size=4, max_size=4), max_size=6), times=st.sampled_from([1, 12]))
def test_any_table_drafts_into_a_contract_that_loads_with_and_without_its_suggestions(
    folder: Path, names: list[str], rows: list[list[str]], times: int
) -> None:
    settings = Settings(root=folder, home=folder / ".mesh")
    path = folder / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([names, *([row[: len(names)] for row in rows] * times)])
    found = drafted(path, settings)
    assert found.rows == len(rows) * times
    assert [field.name for field in finished(found, settings).fields] == [
        found.renamed.get(name, name) for name in names
    ]
    assert len(load(accepted(found.text(**ANSWERS)), settings).fields) == len(names)
