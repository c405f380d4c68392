"""What tests of pages share."""

from tests.web.browser import browser

__all__ = ["browser"]
