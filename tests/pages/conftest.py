"""Pages without a browser: static files have plain names."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import Correction, Drawing
from tests.people import rita_who_may


def keep(author: User, ink: Any) -> Drawing:
    """A drawing with the shipped model's answer to it; as in a request, the author is read anew."""
    return store.save_drawing(
        author=User.objects.get(pk=author.pk), recognizer="digits", content=Content.from_ink(ink)
    )[0]


@pytest.fixture
def rita(db: None) -> User:
    """A reviewer: staff who may review, and nothing else."""
    return rita_who_may(is_staff=True)


@pytest.fixture
def as_rita(rita: User) -> Client:
    """A browser in which the reviewer is signed in."""
    client = Client()
    client.force_login(rita)
    return client


def message_codes(response: Any) -> list[str]:
    """What the messages of a page are about: the code of each."""
    return [message.extra_tags for message in response.context["messages"]]


def named(author: User, ink: Any, label: str) -> Correction:
    """A drawing whose author said what it is."""
    return corrections.correct(drawing=keep(author, ink), label=label)
