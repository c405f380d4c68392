"""How a benchmark measures and what it hands back for the results page.

Wall and CPU are seconds, peak memory is MiB. A comparison is a series of pairs run in turn (anchor, ours,
anchor, ours …) so that a machine whose speed drifts disturbs both alike; the ratio is the median of the pairs' ratios.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One timed run; ``peak`` is 0 where the run shared a process with others."""

    wall: float
    cpu: float
    peak: float = 0.0


@dataclass(frozen=True)
class Row:
    """One line of a results table: medians, and ratios to the anchor (0 when it is the anchor or not compared)."""

    label: str
    wall: float
    cpu: float
    peak: float = 0.0
    wall_ratio: float = 0.0
    cpu_ratio: float = 0.0
    runs: int = 1


@dataclass(frozen=True)
class Result:
    """What one benchmark found: its question, its rows, each aim with the figure reached, and notes."""

    title: str
    question: str
    rows: tuple[Row, ...]
    aims: tuple[tuple[str, float, float], ...] = ()  # (what, aim, reached); reached <= aim is good
    notes: tuple[str, ...] = field(default=())


def timed(call: Callable[[], object]) -> Sample:
    """Run ``call`` in this process."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    call()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return Sample(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def process(argv: Sequence[str], *, env: dict[str, str] | None = None, cwd: str | None = None) -> Sample:
    """Run a whole process to its end; raises CalledProcessError when it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, argv)
    return Sample(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def paired(anchor: Callable[[], Sample], ours: Callable[[], Sample], *, pairs: int = 5) -> tuple[Row, Row]:
    """The rows of an anchor and of ours after ``pairs`` interleaved runs each (after one warm-up of both)."""
    anchor(), ours()
    runs = [(anchor(), ours()) for _ in range(pairs)]
    left, right = [a for a, _ in runs], [b for _, b in runs]
    ratio_wall = median(b.wall / a.wall for a, b in runs)
    ratio_cpu = median(b.cpu / a.cpu for a, b in runs if a.cpu) if any(a.cpu for a, _ in runs) else 0.0
    return _row("anchor", left), _row("ours", right, ratio_wall, ratio_cpu)


def _row(label: str, samples: Sequence[Sample], wall_ratio: float = 0.0, cpu_ratio: float = 0.0) -> Row:
    return Row(
        label,
        median(s.wall for s in samples),
        median(s.cpu for s in samples),
        max(s.peak for s in samples),
        wall_ratio,
        cpu_ratio,
        len(samples),
    )


def markdown(result: Result) -> str:
    """The section of the results page for ``result``."""
    lines = [f"## {result.title}", "", result.question, ""]
    lines += ["| run | wall s | CPU s | peak MiB | wall ratio | CPU ratio | runs |", "|-|-:|-:|-:|-:|-:|-:|"]
    for row in result.rows:
        ratios = [f"{value:.2f}×" if value else "" for value in (row.wall_ratio, row.cpu_ratio)]
        peak = f"{row.peak:.0f}" if row.peak else ""
        lines.append(
            f"| {row.label} | {row.wall:.3f} | {row.cpu:.3f} | {peak} | {ratios[0]} | {ratios[1]} | {row.runs} |"
        )
    if result.aims:
        lines += ["", "| aim | at most | reached |", "|-|-:|-:|"]
        lines += [f"| {what} | {aim:g} | {reached:.2f} |" for what, aim, reached in result.aims]
    lines += ["", *[f"- {note}" for note in result.notes]] if result.notes else []
    return "\n".join(lines) + "\n"
