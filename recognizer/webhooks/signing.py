"""Signing: by the rules of Standard Webhooks, https://www.standardwebhooks.com.

A secret is derived from SECRET_KEY, the id of its webhook and a number that moves on when it is renewed, so nothing
secret is stored: whoever reads the database, or a copy of it, can sign nothing. Another SECRET_KEY makes other secrets.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from recognizer.models import Delivery, Webhook

PREFIX = "whsec_"
OLD_SECRET_TIME = timedelta(
    days=1
)  # after a renewal the old secret signs as well, so that no delivery is refused meanwhile


def secret_of(hook: Webhook) -> str:
    """The text that its receiver checks signatures with."""
    return PREFIX + base64.b64encode(_key(hook, hook.secret_number)).decode()


def signed_headers(delivery: Delivery, *, now: datetime) -> dict[str, str]:
    """What goes with the body: the id of the event, when it was sent (seconds), a signature by each secret."""
    event, sent = str(delivery.event), str(int(now.timestamp()))
    content = f"{event}.{sent}.{delivery.body}".encode()
    signatures = " ".join(_signature(key, content) for key in _keys(delivery.webhook, now))
    return {"webhook-id": event, "webhook-timestamp": sent, "webhook-signature": signatures}


def _keys(hook: Webhook, now: datetime) -> list[bytes]:
    renewed = hook.renewed is not None and now - hook.renewed < OLD_SECRET_TIME
    numbers = [hook.secret_number, hook.secret_number - 1] if renewed else [hook.secret_number]
    return [_key(hook, number) for number in numbers]


def _key(hook: Webhook, number: int) -> bytes:
    return salted_hmac("inkling.webhooks", f"{hook.uuid}/{number}", algorithm="sha256").digest()


def _signature(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
