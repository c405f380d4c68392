"""The one door to a Rego engine: rules and an input in, values out, within a time limit.

The embedded engine (regorus) runs in a process of its own (see ``worker``). What cannot be evaluated,
takes too long or kills the process is a PolicyError, and its caller denies.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import orjson

from mesh_orchestration.errors import PolicyError

_WORKER = Path(__file__).with_name("worker.py")
DEADLINE = 10.0
"""Seconds that one decision, or one document of a batch, may take."""


@dataclass(frozen=True)
class Value:
    """What a rule says of one input: its ``value``, or why it could not be evaluated."""

    value: Any = None
    error: str = ""


@dataclass(frozen=True)
class Asked:
    """One question to a bundle: the value of each rule (``data.mesh.rules.owner.deny``) for ``document``."""

    document: Mapping[str, Any]
    rules: tuple[str, ...]


class Engine(Protocol):
    """What decides: embedded or remote."""

    def load(self, policies: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> None:
        """Take these policies (path, text) and this data in place of all others; raises PolicyError."""

    def decide(self, asked: Sequence[Asked]) -> list[tuple[Value, ...]]:
        """The values of each question's rules, in order; raises PolicyError when the engine itself fails."""

    def close(self) -> None:
        """Give back what the engine holds."""


class Embedded:
    """regorus in a process of its own; safe to use from any thread and after a fork, one question at a time."""

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._bundle: Mapping[str, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def load(self, policies: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> None:
        """Take these policies (path, text) and this data in place of all others."""
        self._bundle = {"policies": [list(policy) for policy in policies], "data": data}
        with self._lock:
            try:
                if self._alive:
                    self._exchange("load", self._bundle, seconds=self._deadline)
                else:
                    self._begin()
            except PolicyError:
                self.close()  # what was loaded before must not go on deciding
                raise

    def start(self) -> None:
        """Start the process and do not wait for it: it gets ready while its caller does something else."""
        with self._lock:
            if not self._alive:
                self._spawn()

    def decide(self, asked: Sequence[Asked]) -> list[tuple[Value, ...]]:
        """The values of each question's rules; a question that takes longer than the deadline says so."""
        try:
            answers = self._questions("decide", asked, seconds=self._deadline + 0.01 * len(asked))
        except _OutOfTime:
            return [self._one_by_one(question) for question in asked]
        return [tuple(Value(**value) for value in values) for values in answers]

    def time(self, asked: Sequence[Asked]) -> list[list[float]]:
        """The seconds that each question's rules took, within the engine."""
        return self._questions("time", asked, seconds=self._deadline + 0.01 * len(asked))

    def parse(self, policies: Sequence[tuple[str, str]], *, old: bool = False) -> list[Any]:
        """The syntax tree of each policy (path, text), or ``{"error": text}``; ``old`` is the syntax of before v1."""
        return list(
            self._ask("parse_old" if old else "parse", [list(policy) for policy in policies], seconds=self._deadline)
        )

    def test(self, rules: Sequence[str], *, coverage: bool) -> dict[str, Any]:
        """Evaluate each test rule: its value and seconds, and the covered lines by file."""
        return dict(self._ask("test", {"rules": list(rules), "coverage": coverage}, seconds=6 * self._deadline))

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.communicate()

    def _one_by_one(self, question: Asked) -> tuple[Value, ...]:
        """Each rule for itself, so that the slow one is known."""
        values = []
        for rule in question.rules:
            try:
                ((value,),) = self._questions("decide", [Asked(question.document, (rule,))], seconds=self._deadline)
                values.append(Value(**value))
            except _OutOfTime:
                values.append(Value(error=f"took longer than {self._deadline:g} s and was stopped"))
        return tuple(values)

    def _questions(self, verb: str, asked: Sequence[Asked], *, seconds: float) -> list[list[Any]]:
        """Ask them all at once; documents go over as they are, because reading them twice costs more than judging."""
        places = {rules: place for place, rules in enumerate(dict.fromkeys(question.rules for question in asked))}
        request = {"rules": list(places), "asked": [places[question.rules] for question in asked]}
        lines = b"".join(_text(question.document) + b"\n" for question in asked)
        return list(self._ask(verb, request, seconds=seconds, lines=lines))

    def _ask(self, verb: str, asked: Any, *, seconds: float, lines: bytes = b"") -> Any:
        with self._lock:
            if not self._alive:
                self._begin()
            return self._exchange(verb, asked, seconds=seconds, lines=lines)

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._owner == os.getpid() and self._process.poll() is None

    def _begin(self) -> None:
        """Start the process anew, with the bundle loaded."""
        self._spawn()
        if self._bundle is not None:
            self._exchange("load", self._bundle, seconds=self._deadline)

    def _spawn(self) -> None:
        self.close()
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )

    def _exchange(self, verb: str, asked: Any, *, seconds: float, lines: bytes = b"") -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({verb: asked}).encode() + b"\n" + lines)
            process.stdin.flush()
            answer = json.loads(self._line(process.stdout.fileno(), seconds))
        except (OSError, ValueError) as error:
            self.close()
            raise PolicyError(f"the policy engine ended while it worked ({error or 'out of memory?'})") from error
        except _OutOfTime:
            self.close()
            raise
        if "error" in answer:
            raise PolicyError(str(answer["error"]))
        return answer["ok"]

    def _line(self, pipe: int, seconds: float) -> bytes:
        end = time.monotonic() + seconds
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise _OutOfTime(f"the policy engine took longer than {seconds:g} s")
            if not (part := os.read(pipe, 1 << 20)):
                raise ValueError("no answer")
            parts.append(part)
        return b"".join(parts)


def _text(document: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # a number of more than 64 bits, half a surrogate pair
        return json.dumps(document).encode()


class _OutOfTime(PolicyError):
    """The engine did not answer in time and was ended."""
