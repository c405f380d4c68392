"""``python -m bench [NAME…]``: run the benchmarks and write docs/benchmarks.md.

Each module beside this one with a ``run() -> tuple[Result, ...]`` is a benchmark.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench.measure import Result, markdown

NAMES = (
    "audit", "publish", "submit", "locations", "scale", "contracts", "policies", "lineage",
    "catalog", "catalog_million", "catalog_search", "monitoring", "anomalies", "pages",
    "governance_page",
)  # fmt: skip
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
STORE = Path(__file__).resolve().parent.parent / ".mesh" / "bench"


def main() -> None:
    names = sys.argv[1:] or list(NAMES)
    if unknown := set(names) - set(NAMES):
        raise SystemExit(f"no benchmark named {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    STORE.mkdir(parents=True, exist_ok=True)
    for name in names:
        print(f"── {name}", flush=True)
        results: tuple[Result, ...] = import_module(f"bench.{name}").run()
        text = "\n".join(markdown(result) for result in results)
        print(text, flush=True)
        (STORE / f"{name}.md").write_text(text)
        (STORE / f"{name}.json").write_text(json.dumps([asdict(result) for result in results], indent=2))
    sections = [(STORE / f"{name}.md").read_text() for name in NAMES if (STORE / f"{name}.md").exists()]
    PAGE.write_text(_head() + "\n".join(sections))
    print(f"written: {PAGE}")


def _head() -> str:
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`. Ratios compare runs made in turn on one machine; absolute times belong to it.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.\n\n"
    )


if __name__ == "__main__":
    main()
