"""alice has a program that listens; names lead where the tests say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from accounts.models import User
from recognizer.models import Event, Webhook
from recognizer.webhooks import manage
from tests.pages.conftest import as_rita, rita
from tests.recognizer.webhooks.receiver import Receiver, listening, names

__all__ = ["as_rita", "rita"]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The names of this world; how often each was looked up."""
    lookup = names(
        hooks_example_org="127.0.0.1",
        public_example_org="93.184.215.14",
        inside_example_org="10.0.0.7",
        both_example_org=["93.184.215.14", "192.168.1.1"],
    )
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return lookup.asked  # type: ignore[attr-defined]


@pytest.fixture
def allowed(settings: Any) -> None:
    """The operator lets webhooks call this machine, without encryption."""
    settings.WEBHOOK_ALLOW_PRIVATE = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True


@pytest.fixture
def receiver(allowed: None) -> Iterator[Receiver]:
    """alice's program."""
    with listening() as found:
        yield found


@pytest.fixture
def hook(alice: User, receiver: Receiver) -> Webhook:
    """It wants to be told everything."""
    return manage.create_webhook(person=alice, url=receiver.url(), events=Event.values)
