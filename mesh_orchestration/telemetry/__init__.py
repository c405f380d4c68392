"""Traces: one from a run through dbt, audit and publication to the read, off unless OpenTelemetry is set."""
