"""Fixtures of the admin tests."""

from tests.pages.conftest import as_rita, rita
from tests.recognizer.moderation.conftest import as_auditor, said

__all__ = ["as_auditor", "as_rita", "rita", "said"]
