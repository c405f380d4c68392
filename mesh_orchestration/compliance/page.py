"""The compliance report as one HTML page that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

from mesh_orchestration.compliance.report import ComplianceReport, share


def page(report: ComplianceReport) -> str:
    """The page (HTML 5, UTF-8). Every text from a contract or a policy is escaped."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("mesh_orchestration.compliance", "."), autoescape=True)
    return environment.get_template("report.html").render(report=report, share=share)
