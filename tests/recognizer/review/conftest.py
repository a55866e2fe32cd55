"""A reviewer, and drawings to review."""

from __future__ import annotations

import pytest

from accounts.models import User
from recognizer.models import Correction, Recognizer
from tests.ink import ONE, SCRIBBLE, SEVEN, ZERO
from tests.pages.conftest import as_rita, keep, named, rita

__all__ = ["as_rita", "rita"]


@pytest.fixture
def said(digits: Recognizer, alice: User) -> dict[str, Correction]:
    """A seven that alice agreed to, a one that she called a seven, and a scribble that she called a zero."""
    found = {"7": named(alice, SEVEN, "7"), "1": named(alice, ONE, "7"), "?": named(alice, SCRIBBLE, "0")}
    keep(alice, ZERO)  # of which she said nothing
    return found
