"""One rule on one input from a file, for whoever wants to know what a policy says before a machine asks it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import PolicyError, SettingsError
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.documents import Judged
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings

MAX_BYTES = 4 * 1024 * 1024


def evaluate(settings: Settings, code: str, file: Path) -> tuple[Verdict, ...]:
    """What the rule ``code`` finds in the input that ``file`` holds (``-`` for standard input), waivers aside.

    Raises PolicyError for an unknown rule, SettingsError for an input that cannot be read or is over 4 MiB.
    """
    with Guardrails(settings) as guardrails:
        rule = guardrails.bundle.rule(code)
        if rule is None:
            known = [rule.code for rule in guardrails.bundle.rules]
            raise PolicyError(f"no rule has the code {code}{suggestion(code.upper(), known)}")
        guardrails.bundle = replace(guardrails.bundle, rules=(rule,))
        kind = rule.metadata.custom.input
        value = _read(file, wanted=kind)
        judged = Judged(
            kind, str(file), rule.policy.domain, str(file), {"payload": value} if kind == "payload" else value
        )
        return guardrails.judge((judged,))


def _read(file: Path, *, wanted: str) -> dict[Any, Any]:
    give = f"give a JSON or YAML file with a {wanted} to judge, or - for standard input"
    try:
        text = sys.stdin.read(MAX_BYTES + 1) if str(file) == "-" else file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{file}: there is no such file; {give}") from None
    except IsADirectoryError:
        raise SettingsError(f"{file} is a folder; {give}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is no text; {give}") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}); {give}") from None
    if len(text) > MAX_BYTES:
        raise SettingsError(f"{file} is over {MAX_BYTES // 1024 // 1024} MiB, which no decision needs; {give}")
    if text.lstrip().startswith("{"):
        try:
            return dict(json.loads(text, parse_constant=_no_number))
        except ValueError as error:
            raise PolicyError(f"{file} is not JSON: {error}") from None
    document = parse_document(text, str(file))
    try:
        return dict(json.loads(json.dumps(document.value, default=str), parse_constant=_no_number))
    except ValueError as error:
        raise PolicyError(f"{file} cannot be judged: {error}") from None


def _no_number(said: str) -> None:
    raise ValueError(f"{said} is no number in JSON")
