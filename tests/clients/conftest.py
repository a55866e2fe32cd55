"""The Python client and the real site, with alice's key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest
from pytest_django.live_server_helper import LiveServer

from accounts import keys
from accounts.models import ApiKey, User
from inkling_client import Client, Retries
from recognizer.models import Recognizer

ONCE = Retries(attempts=1)


@pytest.fixture
def key(transactional_db: None, alice: User) -> str:
    """It opens everything that is hers."""
    return keys.create_key(person=alice, name="client", scopes=list(ApiKey.Scope.values))[1]


@pytest.fixture
def connect(live_server: LiveServer, key: str, digits: Recognizer) -> Iterator[Callable[..., Client]]:
    """Call it for a client of the site."""
    with ExitStack() as open_clients:

        def connected(**more: Any) -> Client:
            return open_clients.enter_context(Client(**{"url": live_server.url, "key": key, "retries": ONCE, **more}))

        yield connected


@pytest.fixture
def client_of_alice(connect: Callable[..., Client]) -> Client:
    """With her key, without patience."""
    return connect()


@pytest.fixture
def picture() -> bytes:
    """A seven on paper."""
    paper = np.full((120, 100), 235, np.uint8)
    cv2.polylines(paper, [np.array([[20, 20], [80, 20], [45, 100]], np.int32)], False, 20, 6)
    return cv2.imencode(".png", paper)[1].tobytes()
