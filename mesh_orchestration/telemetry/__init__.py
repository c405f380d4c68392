"""Traces: one from a run through dbt, audit and publication to the read, off unless OpenTelemetry is set."""

from mesh_orchestration.telemetry.export import flush, is_on
from mesh_orchestration.telemetry.spans import Attributes, Span, Stages, span, subprocess_environment

__all__ = ["Attributes", "Span", "Stages", "flush", "is_on", "span", "subprocess_environment"]
