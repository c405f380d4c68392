"""The navigation: every page once, every key once."""

from __future__ import annotations

from mesh_orchestration.web.pages import navigation


def test_every_entry_has_a_key_a_place_and_an_address_of_its_own() -> None:
    entries = navigation()
    for word in ("label", "key", "place", "href"):
        found = [getattr(entry, word) for entry in entries]
        assert sorted(set(found)) == sorted(found), word
        assert all(found)
