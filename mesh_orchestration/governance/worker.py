"""The process that evaluates Rego: policies in, decisions out, one JSON document a line.

It is a process of its own so that a policy that loops or eats memory can be stopped, and because an
engine may only be used by the thread that made it. It imports nothing of the mesh and starts in
milliseconds. Requests: ``{"load": {"policies": [[path, text]], "data": {}}}``,
``{"decide": {"rules": [[rule, …], …], "asked": [place in rules, …]}}`` followed by one line an input,
``{"time": …}`` likewise, ``{"parse": [[path, text]]}``, ``{"parse_old": [[path, text]]}``,
``{"test": {"rules": […], "coverage": bool}}``. Answers: ``{"ok": …}`` or ``{"error": text}``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import regorus

MEMORY = 2 << 30
"""Address space of the process in bytes."""


class Worker:
    """The engine with the policies that were loaded last."""

    def __init__(self) -> None:
        self._loaded = regorus.Engine()

    def load(self, asked: dict[str, Any]) -> list[str]:
        """Take these policies and this data; returns the packages."""
        engine = regorus.Engine()
        engine.set_gather_prints(True)
        for path, text in asked["policies"]:
            engine.add_policy(path, text)
        engine.add_data_json(json.dumps(asked["data"]))
        # What is worked out at the first evaluation is worked out again in every clone of an engine that had none.
        engine.eval_query_as_json("true")
        self._loaded = engine
        return list(engine.get_packages())

    def decide(self, asked: dict[str, Any]) -> list[list[Any]]:
        """For each input the value of each rule, or ``{"error": text}`` for one that cannot be evaluated."""
        return [[_value(engine, rule) for rule in rules] for engine, rules in self._asked(asked)]

    def time(self, asked: dict[str, Any]) -> list[list[float]]:
        """For each input the seconds that each rule took."""
        answers = []
        for engine, rules in self._asked(asked):
            seconds = []
            for rule in rules:
                begun = time.perf_counter()
                _value(engine, rule)
                seconds.append(time.perf_counter() - begun)
            answers.append(seconds)
        return answers

    def _asked(self, asked: dict[str, Any]) -> Iterator[tuple[regorus.Engine, list[str]]]:
        """An engine that holds the input, and the rules, for each of the inputs that follow on standard input."""
        # All are read before the first is judged: whoever asks can only wait for an answer once they have written.
        documents = [sys.stdin.buffer.readline().decode() for _ in asked["asked"]]
        for document, place in zip(documents, asked["asked"], strict=True):
            engine = self._loaded.clone()
            engine.set_input_json(document)
            yield engine, asked["rules"][place]

    def parse(self, asked: list[tuple[str, str]]) -> list[Any]:
        """The syntax tree of each policy, or ``{"error": text}``."""
        return [_tree(path, text) for path, text in asked]

    def parse_old(self, asked: list[tuple[str, str]]) -> list[Any]:
        """The syntax tree of each policy in the syntax of before v1, or ``{"error": text}``."""
        return [_tree(path, text, old=True) for path, text in asked]

    def test(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The value and the seconds of each test rule, and which lines were covered, by file."""
        engine = self._loaded.clone()
        engine.set_enable_coverage(asked["coverage"])
        engine.set_input_json("{}")
        results = []
        for rule in asked["rules"]:
            begun = time.perf_counter()
            value = _value(engine, rule)
            results.append([value, time.perf_counter() - begun])
        coverage = json.loads(engine.get_coverage_report_as_json()) if asked["coverage"] else {"files": []}
        return {"results": results, "coverage": coverage["files"]}


def _value(engine: regorus.Engine, rule: str) -> Any:
    try:
        return {"value": json.loads(engine.eval_rule_as_json(rule))}
    except BaseException as error:  # a panic of the engine is no Exception
        return {"error": _said(error)}


def _tree(path: str, text: str, *, old: bool = False) -> Any:
    engine = regorus.Engine()
    engine.set_rego_v0(old)
    try:
        engine.add_policy(path, text)
        return json.loads(engine.get_ast_as_json())[0]["ast"]
    except BaseException as error:
        return {"error": _said(error)}


def _said(error: BaseException) -> str:
    """The engine's message without the trace of its own code."""
    return str(error).split("Stack backtrace", 1)[0].strip()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    worker = Worker()
    for line in sys.stdin.buffer:
        request: dict[str, Any] = json.loads(line)
        ((verb, asked),) = request.items()
        try:
            answer = {"ok": getattr(worker, verb)(asked)}
        except BaseException as error:
            answer = {"error": _said(error)}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
