"""Run the ``mesh`` command as a person would, and read what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from mesh_orchestration.settings import Settings
from tests.cli.zygote import zygote


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(settings: Settings, **environ: str) -> dict[str, str]:
    """The environment of a process that works on the mesh of ``settings``; nothing is replayed in it."""
    env = {**os.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "MESH_REPLAY": "off",
           "NO_COLOR": "1", **settings.environ, **environ}  # fmt: skip
    env.pop("DAGSTER_HOME", None)
    return env


def mesh(settings: Settings, *words: str, **environ: str) -> Answer:
    """Run ``mesh WORDS`` in a process of its own against the mesh of ``settings``."""
    return Answer(*zygote().run(words, environment(settings, **environ)))


_ONE_AFTER_ANOTHER = """
import contextlib, io, json, sys
from mesh_orchestration.cli.entry import main
answers = []
for words in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.argv = ["mesh", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    answers.append((code, out.getvalue(), err.getvalue()))
json.dump(answers, sys.stdout)
"""


def mesh_each(settings: Settings, *commands: tuple[str, ...], **environ: str) -> tuple[Answer, ...]:
    """Run several commands, one after another in a single process, which starts only once."""
    done = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_ANOTHER],
        env=environment(settings, **environ),
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return tuple(Answer(*answer) for answer in json.loads(done.stdout))
