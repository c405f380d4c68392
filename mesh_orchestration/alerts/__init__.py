"""Incidents and their messages: pure functions from what happened to who is told, plus the channels.

``fold`` turns events into incidents and messages, ``routes`` picks the channels of a product's owner,
``deliver`` sends each message once per channel. Nothing here knows Dagster.
"""
