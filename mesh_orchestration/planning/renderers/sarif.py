"""The plan as SARIF 2.1.0 (OASIS), for code scanning: one result a finding, at its line of the contract."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import orjson

from mesh_orchestration.planning.plan import Finding, Plan
from mesh_orchestration.planning.renderers import View
from mesh_orchestration.planning.rules import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_ORDER = {rule: index for index, rule in enumerate(RULES)}


def render(plan: Plan, _: View) -> str:
    """One run with every rule of a plan and one result a finding."""
    driver = {
        "name": "mesh plan",
        "version": version("mesh-orchestration"),
        "rules": [
            {"id": rule, "name": _pascal(rule), "shortDescription": {"text": text}} for rule, text in RULES.items()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top folder of the repository."}}},
        "results": [_result(finding, plan.folder) for finding in plan.findings],
        "properties": {"against": plan.against, "commit": plan.commit, "refused": plan.refused},
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _result(finding: Finding, folder: str) -> dict[str, Any]:
    said = f"{finding.message}; {finding.fix}" if finding.fix else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": _ORDER[finding.rule],
        "level": finding.severity,
        "message": {"text": f"{finding.address}: {said}" if finding.address else said},
        "partialFingerprints": {"meshFinding/v1": _fingerprint(finding)},
    }
    if finding.file:
        place = {"uri": quote(f"{folder}{finding.file}"), "uriBaseId": _ROOT}
        location = {"physicalLocation": {"artifactLocation": place, "region": {"startLine": finding.line}}}
        names = [{"fullyQualifiedName": f"{finding.address}:{finding.path}"}] if finding.path else []
        result["locations"] = [location | ({"logicalLocations": names} if names else {})]
    return result


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding wherever its line moves."""
    parts = (finding.rule, finding.address, finding.file, finding.path, finding.message)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _pascal(rule: str) -> str:
    return "".join(word.capitalize() for word in rule.split("-"))
