"""Incidents: one for each cause, from the first sign of it to its end, and who is told."""
