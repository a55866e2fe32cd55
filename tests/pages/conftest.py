"""Pages without a browser: static files have plain names."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from recognizer import drawings
from recognizer.drawings import Content
from recognizer.models import Drawing


@pytest.fixture(autouse=True)
def _plain_static_names(settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


def keep(author: User, ink: Any) -> Drawing:
    """A drawing with the shipped model's answer to it."""
    return drawings.keep(author=author, recognizer="digits", content=Content.of_ink(ink))[0]
