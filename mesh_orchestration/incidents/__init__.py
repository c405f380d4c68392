"""Incidents: one for each cause, from the first sign of it to its end, and who is told.

Sources raise and clear signals; ``decide`` makes incidents of them and puts messages into the queue, in one
transaction; ``deliver`` empties the queue, whenever the channels let it. Nothing here knows Dagster.
"""
