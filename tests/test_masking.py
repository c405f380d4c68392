"""What readers without the right role see."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mesh_orchestration.masking import WORDS, key_name, mask_value


@pytest.mark.parametrize(
    ("mask", "value", "masked"),
    [
        ("redact", "eve@example.org", "***"),
        ("null", "eve@example.org", None),
        ("partial", "eve@example.org", "e***@example.org"),
        ("partial", "4929123456", "49***"),
        ("partial", "abc", "***"),
        ("generalise", date(1984, 5, 6), "1984-05"),
        ("generalise", 37, "30 to 40"),
        ("generalise", 5234, "5000 to 6000"),
        ("generalise", Decimal("-12.5"), "-20 to -10"),
        ("generalise", float("inf"), "***"),
        ("generalise", "eve", "***"),
    ],
)
def test_a_mask_hides_what_it_says(mask: str, value: Any, masked: Any) -> None:
    assert mask_value(value, mask, "key") == masked


@pytest.mark.parametrize("mask", ["hash", "tokenise"])
def test_a_keyed_mask_is_equal_for_equal_values_and_different_under_another_key(mask: str) -> None:
    masked = mask_value("eve", mask, "key")
    assert masked == mask_value("eve", mask, "key")
    assert len({masked, mask_value("eve", mask, "other"), mask_value("eva", mask, "key")}) == 3
    assert "eve" not in masked
    assert key_name("key") in masked


@pytest.mark.parametrize("mask", sorted(set(WORDS) - {"null"}))
def test_without_a_key_everything_masked_is_redacted(mask: str) -> None:
    assert mask_value("eve@example.org", mask) == "***"


@pytest.mark.parametrize("mask", WORDS)
def test_a_missing_value_stays_missing(mask: str) -> None:
    assert mask_value(None, mask, "key") is None
    assert mask_value(float("nan"), mask, "key") is None


def test_an_unknown_mask_is_an_error_and_no_mask() -> None:
    with pytest.raises(ValueError, match="'scramble' is not a mask"):
        mask_value("eve", "scramble", "key")
