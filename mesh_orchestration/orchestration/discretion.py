"""What engines say of an error without the values they quote, where personal data is handled.

Dagster keeps every error of a step with all its causes, the UI and alerts show them, and dbt writes its own
into files: all of them are for more people than the data is for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.masking import without_values


def holds_personal_data(mesh: Mesh, domain: str) -> bool:
    """Whether a product of the domain, or one that it reads, has a column that is personal or masked."""
    sources = [mesh.products.get(source) for port in mesh.ports(domain).values() if (source := upstream(port))]
    return any(field.mask for one in (*mesh.of(domain), *sources) if one for field in one.fields)


@contextmanager
def discreet(personal: bool) -> Iterator[None]:
    """Where ``personal`` data is handled, let errors pass only without the values that they quote."""
    try:
        yield
    except Exception as error:
        if personal:
            withhold(error)
        raise


def withhold(error: BaseException) -> None:
    """Take the values out of what ``error`` and its causes say; each keeps its type and its traceback."""
    chain = list(dict.fromkeys(_chain(error)))
    said: dict[str, str] = {}
    for one in reversed(chain):
        for text in _texts(one):
            told = _told(text, said)
            said |= {text: told, _first_line(text): _first_line(told)} if told != text else {}
    for one in chain:
        one.args = tuple(said.get(arg, arg) if isinstance(arg, str) else arg for arg in one.args)
        for name, value in vars(one).items():
            if isinstance(value, str) and value in said:
                setattr(one, name, said[value])


def clean(value: Any) -> Any:
    """``value``, as JSON holds it, with every text without the values that it quotes."""
    match value:
        case str():
            return without_values(value)
        case dict():
            return {key: clean(item) for key, item in value.items()}
        case list():
            return [clean(item) for item in value]
    return value


def clean_file(path: Path) -> None:
    """The same for a JSON file, if there is one."""
    if path.is_file():
        path.write_text(json.dumps(clean(json.loads(path.read_bytes()))), encoding="utf-8")


def _told(text: str, said: dict[str, str]) -> str:
    """``text`` with what it repeats of its causes replaced; what is left of values is cut off."""
    inner = next((known for known in sorted(said, key=len, reverse=True) if known and known in text), None)
    if inner is None:
        return without_values(text)
    before, after = text.split(inner, 1)
    return without_values(before) + said[inner] + without_values(after)


def _texts(error: BaseException) -> Iterator[str]:
    yield from (arg for arg in error.args if isinstance(arg, str))
    yield from (value for value in vars(error).values() if isinstance(value, str))


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from and what was being handled then, outermost first."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]
