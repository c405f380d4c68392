"""The plan as JUnit XML: one test case a product, failed by its errors, and one for what concerns no product."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from mesh_orchestration.planning import wording
from mesh_orchestration.planning.plan import Finding, Plan, ProductPlan
from mesh_orchestration.planning.renderers import View

_MESH = "mesh"
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (section 2.2)."""


def render(plan: Plan, _: View) -> str:
    """A ``testsuites`` document with one suite."""
    rest = [finding for finding in plan.findings if finding.address not in {one.address for one in plan.products}]
    cases = [_case(one.address, one.file, _told(one), tuple(plan.of(one.address))) for one in plan.products]
    if rest or not cases:
        cases.append(_case(_MESH, "", f"compared with {plan.against}", rest))
    failures = sum(case.find("failure") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}
    suites = ET.Element("testsuites", counts | {"name": "mesh plan"})
    suite = ET.SubElement(suites, "testsuite", counts | {"name": _xml(f"mesh plan against {plan.against}")})
    suite.extend(cases)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(name: str, file: str, told: str, findings: Iterable[Finding]) -> ET.Element:
    said = {"classname": "mesh.plan" if name == _MESH else name.split(".", 1)[0], "name": name, "time": "0"}
    case = ET.Element(
        "testcase", {key: _xml(value) for key, value in (said | ({"file": file} if file else {})).items()}
    )
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        first = f"{len(errors)} findings: {errors[0].message}" if len(errors) > 1 else errors[0].message
        failure = ET.SubElement(case, "failure", {"type": errors[0].rule, "message": _xml(first)})
        failure.text = _xml("\n".join(f"[{error.rule}] {error}" for error in errors))
    warnings = [f"[{finding.rule}] {finding}" for finding in findings if finding.severity == "warning"]
    ET.SubElement(case, "system-out").text = _xml("\n".join((told, *warnings)))
    return case


def _told(one: ProductPlan) -> str:
    first = f"{wording.status_of(one)} {wording.version_of(one)}".strip()
    return "\n".join((first, *(change.says for change in one.changes)))


def _xml(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
