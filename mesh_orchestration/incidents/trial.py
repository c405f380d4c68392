"""Tries the templates of a mesh on a message of every kind, in every circumstance that changes its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, product
from pathlib import Path
from typing import Any, get_args

from mesh_orchestration.incidents.about import About, Serving
from mesh_orchestration.incidents.events import Finding
from mesh_orchestration.incidents.model import Incident, Kind, Level, Message, Transition
from mesh_orchestration.incidents.notice import DIGEST, Letter, Notice, digest_facts
from mesh_orchestration.incidents.templates import FOLDER, Fault, Templates

_SINCE = 1_700_003_600.0
_ID = "6d657368-0000-4000-8000-616c65727473"
_ORDERS, _REVENUE, _PAGE = "orders.orders.v1", "billing.revenue.v1", "http://127.0.0.1:5000"
_OWNERS = ("team-orders@company.io", "team:orders")
_READERS = {"finance.margin.v1": "team:finance", _REVENUE: "team:billing", "Weekly <b>report</b>": "team:billing"}
_FINDING = Finding("contract__null__id", "not_null", "id", "0.98", "0.99", 1000, 20, 5)
_ABOUTS = (
    About(_OWNERS, _READERS, Serving(42, 1_700_000_000.0)),
    About(_OWNERS[:1], _READERS),
    About((), {}, unknown=True),
    About(_OWNERS, {}, Serving(7, _SINCE)),
)
_TOLD: tuple[Transition, ...] = ("opened", "escalated", "flapping", "unanswered", "recovered")
_LENGTHS = (0.0, 42.0, 600.0, 3 * 3600 + 120.0, 90000.0)


def check(templates: Templates) -> tuple[Fault, ...]:
    """What is wrong with the mesh's own templates, by file and line; nothing when all can be told in them."""
    said = [(notice.template, notice.facts) for _, notice in notices()]
    said += [(DIGEST, digest_facts(letters, page=f"{_PAGE}/incidents")) for letters in piles()]
    known = frozenset(name for _, facts in said for name in facts)
    found = [templates.unreadable(name) for name in templates.own]
    found += [_stray(templates, name) for name in templates.own]
    found += templates.unknown(known)
    lines = {(fault.file, fault.line) for fault in found if fault}
    for name, facts in said:
        fault = templates.attempt(name, facts)
        if fault and (fault.file, fault.line) not in lines:
            lines.add((fault.file, fault.line))
            found.append(fault)
    return tuple(sorted((fault for fault in found if fault), key=lambda fault: (fault.file, fault.line)))


def notices() -> Iterator[tuple[str, Notice]]:
    """Notices by the name of their case: to owners, to owners of what is late, and to readers."""
    abouts, lengths = cycle(_ABOUTS), cycle(_LENGTHS)
    for number, (kind, transition, level) in enumerate(product(get_args(Kind), _TOLD, get_args(Level))):
        failing = ("contract__null__id", "b")[: number % 3]
        incident = Incident(_ID, _ORDERS, kind, level, _SINCE, check="freshness", failing=failing)
        message = Message(incident, transition, _SINCE + next(lengths), f"{_ID}:{transition}", **_facts(number))
        url = "http://127.0.0.1:3000" if number % 5 else ""
        notice = Notice(message, next(abouts), url, _PAGE if number % 2 else "")
        name = f"{kind} {level} {transition}"
        yield f"{name} to the owner", notice
        if transition == "opened":
            late = replace(message, transition="affected", subject=_REVENUE, key=f"{_ID}:affected:{_REVENUE}")
            yield f"{name} to the late owner", replace(notice, message=late)
        if transition in ("opened", "escalated", "recovered"):
            about = About(_OWNERS, _READERS, notice.about.serving)
            yield f"{name} to a reader", replace(notice, reader="team:billing", about=about)


def piles() -> Iterator[list[Letter]]:
    """Letters to be told together, up to more than are named."""
    letters = [notice.letter for _, notice in notices()]
    for many in (2, 20, 21, len(letters)):
        yield letters[:many]


def _stray(templates: Templates, name: str) -> Fault | None:
    """A file that is no message, and no part of one either."""
    if name in templates.shipped or name.startswith("_"):
        return None
    messages = ", ".join(one for one in templates.shipped if not one.startswith("_"))
    problem = f"no message has this name; there are: {messages} (a part for several of them begins with _)"
    return Fault(Path(FOLDER) / name, 1, problem)


def _facts(number: int) -> dict[str, Any]:
    findings = (_FINDING, replace(_FINDING, exception="TypeError: <no number> & {{ no }} name"))
    errors = ("", "Step orders_dbt: no space left\n\n  on device <sda> {{ error }}\n", "  ")
    return {
        "run_id": "run1" * (number % 3 > 0),
        "findings": findings[: number % 3],
        "error": errors[number % 7 % 3],
        "last_published": (None, 1_699_000_000.0)[number % 2],
    }
