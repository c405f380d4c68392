"""Whether a change of the policies only tightens: proved from their text where that can be done, else replayed.

A rule that comes, a mode that gets stricter, a limit that moves the declared way can only tighten. A rule that
goes, a milder mode, one definition of a denial less can only loosen. Everything else is unclear, and then the known
inputs are judged by both bundles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from mesh_orchestration.governance.bundle import Bundle, Policy, Rule
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.tree import Node, name_of

Effect = Literal["tightens", "same", "unclear", "loosens"]
MODES = ("dry-run", "warn", "deny")
_MORE = frozenset({"deny", "mask", "filter"})
STRICTNESS = "strictness"


@dataclass(frozen=True)
class Shift:
    """One change in the bundle and its effect; ``about`` is a rule's code, or a file that rules draw on."""

    about: str
    effect: Effect
    said: str
    kind: str = ""


def shifts(before: Bundle, after: Bundle, engine: Embedded, *, today: date) -> tuple[Shift, ...]:
    """Every change from ``before`` to ``after`` that could change a decision from ``today`` on."""
    reader = _Reader(engine)
    found = [*_rules(before, after, reader, today), *_libraries(before, after, reader), *_data(before, after)]
    return tuple(shift for shift in found if shift.effect != "same")


class _Reader:
    """The definitions of policies, as text without layout."""

    def __init__(self, engine: Embedded) -> None:
        self._engine = engine

    def definitions(self, policy: Policy) -> Counter[tuple[str, str]]:
        """Name and text of each rule and function, with how often it stands there."""
        (tree,) = self._engine.parse([(policy.file, policy.text)])
        text = policy.text.encode()
        found: Counter[tuple[str, str]] = Counter()
        for rule in tree["rules"]:
            found[(name_of(rule), _said(text, rule))] += 1
        for item in tree["imports"]:
            found[("import", _said(text, item))] += 1
        return found


def _said(text: bytes, node: Node) -> str:
    content = node if "span" in node else next(iter(node.values()))
    span = content["span"]
    return " ".join(text[span["start"] : span["end"]].decode().split())


def _rules(before: Bundle, after: Bundle, reader: _Reader, today: date) -> Iterator[Shift]:
    old, new = ({rule.code: rule for rule in bundle.rules} for bundle in (before, after))
    for code in sorted(old.keys() | new.keys()):
        if code not in old:
            yield _came(new[code])
        elif code not in new:
            yield _went(old[code])
        else:
            yield from _moved(old[code], new[code])
            yield _mode(old[code], new[code], today)
            yield _text(old[code], new[code], reader)


def _came(rule: Rule) -> Shift:
    if "reveal" in rule.sets:
        return Shift(rule.code, "loosens", "is new and reveals masked columns", rule.metadata.custom.input)
    return Shift(rule.code, "tightens", "is new", rule.metadata.custom.input)


def _went(rule: Rule) -> Shift:
    only_reveals = set(rule.sets) == {"reveal"}
    return Shift(rule.code, "tightens" if only_reveals else "loosens", "is gone", rule.metadata.custom.input)


def _moved(old: Rule, new: Rule) -> Iterator[Shift]:
    kind = new.metadata.custom.input
    if old.policy.domain != new.policy.domain:
        effect: Effect = "loosens" if new.policy.domain else "tightens"
        where = f"domain {new.policy.domain}" if new.policy.domain else "every domain"
        yield Shift(new.code, effect, f"holds for {where} now", kind)
    if old.metadata.custom.input != kind:
        yield Shift(new.code, "loosens", f"judges a {kind} now, not a {old.metadata.custom.input}", kind)


def _mode(old: Rule, new: Rule, today: date) -> Shift:
    """The modes compared on every day from today on, on which one of them changes."""
    stages = (*old.metadata.custom.rollout, *new.metadata.custom.rollout)
    days = sorted({today, *(stage.since for stage in stages if stage.since and stage.since > today)})
    steps = [(day, old.metadata.mode(day), new.metadata.mode(day)) for day in days]
    kind = new.metadata.custom.input
    for day, was, is_ in steps:
        if MODES.index(is_) < MODES.index(was):
            return Shift(new.code, "loosens", f"is {is_} instead of {was} from {day} on", kind)
    for day, was, is_ in steps:
        if was != is_:
            return Shift(new.code, "tightens", f"is {is_} instead of {was} from {day} on", kind)
    return Shift(new.code, "same", "", kind)


def _text(old: Rule, new: Rule, reader: _Reader) -> Shift:
    kind = new.metadata.custom.input
    was, is_ = reader.definitions(old.policy), reader.definitions(new.policy)
    less, more = was - is_, is_ - was
    if not less and not more:
        return Shift(new.code, "same", "", kind)
    names = {name for name, _ in was}
    if not less and all(name in _MORE or name not in names for name, _ in more) and not _reveals(more):
        return Shift(new.code, "tightens", "denies in one more case", kind)
    if not more and all(name in _MORE for name, _ in less):
        return Shift(new.code, "loosens", "has one case less", kind)
    return Shift(new.code, "unclear", "decides by other conditions", kind)


def _reveals(definitions: Counter[tuple[str, str]]) -> bool:
    return any(name == "reveal" for name, _ in definitions)


def _libraries(before: Bundle, after: Bundle, reader: _Reader) -> Iterator[Shift]:
    old, new = (
        {one.file: one for one in bundle.policies if one.folder == "lib" and not one.is_test}
        for bundle in (before, after)
    )
    for file in sorted(old.keys() & new.keys()):
        was, is_ = reader.definitions(old[file]), reader.definitions(new[file])
        known = {name for name, _ in was}
        if was - is_ or any(name in known for name, _ in is_ - was):
            yield Shift(file, "unclear", "has functions that answer otherwise")
    for file in sorted(old.keys() - new.keys()):
        yield Shift(file, "unclear", "is gone")


def _data(before: Bundle, after: Bundle) -> Iterator[Shift]:
    old, new = before.data.get("config", {}), after.data.get("config", {})
    declared = old.get(STRICTNESS, {})
    for path, was, is_ in _differing(old, new, declared):
        said = f"is {_short(is_)}, was {_short(was)}"
        if path.split(".")[0] == STRICTNESS:
            if was is not None:
                yield Shift(f"data {path}", "loosens", f"{said}: what counts as stricter must not change")
        else:
            yield Shift(f"data {path}", _direction(declared.get(path), was, is_), said)


def _differing(old: Any, new: Any, declared: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places that are not alike, as deep as both are mappings, and what stands there."""
    if old == new:
        return
    if at in declared or not (isinstance(old, dict) and isinstance(new, dict)):
        yield at, old, new
        return
    for key in sorted({*old, *new}, key=str):
        yield from _differing(old.get(key), new.get(key), declared, f"{at}.{key}" if at else str(key))


def _direction(declared: Any, was: Any, is_: Any) -> Effect:
    """What a change means by the direction that is declared as stricter; a list grows or shrinks as a whole."""
    if declared in ("lower", "higher") and _is_number(was) and _is_number(is_):
        return "tightens" if (is_ < was) == (declared == "lower") else "loosens"
    if declared in ("more", "fewer") and isinstance(was, list | dict) and type(was) is type(is_):
        left, right = _entries(was), _entries(is_)
        if left <= right or right <= left:
            return "tightens" if (left <= right) == (declared == "more") else "loosens"
    return "unclear"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _entries(value: Any) -> set[str]:
    return {str(item) for item in (value.items() if isinstance(value, dict) else value)}


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def settled(shift: Shift, *, inputs: int, lost: int) -> Shift:
    """An unclear shift after ``inputs`` were judged by both bundles and ``lost`` of them came off lighter."""
    if shift.effect != "unclear":
        return shift
    if not inputs:
        return replace(
            shift, effect="loosens", said=f"{shift.said}; there is no input to try it on, so a person must look"
        )
    if lost:
        return replace(shift, effect="loosens", said=f"{shift.said}; {lost} of {inputs} known inputs come off lighter")
    return replace(shift, effect="same", said=f"{shift.said}; none of {inputs} known inputs comes off lighter")
