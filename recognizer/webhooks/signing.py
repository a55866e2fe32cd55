"""Signatures of deliveries, as in Standard Webhooks (https://www.standardwebhooks.com).

A secret is derived from SECRET_KEY, the id of the webhook and a number that is increased when the secret is renewed. So
no secret is in the database, and whoever reads the database cannot sign. A new SECRET_KEY changes all secrets, and
deliveries are signed with the secrets of SECRET_KEY_FALLBACKS as well, until those are removed.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac

from recognizer.models import Delivery, Webhook

PREFIX = "whsec_"
# After a renewal the old secret signs as well for this time, so that no delivery is refused meanwhile.
OLD_SECRET_TIME = timedelta(days=1)


def secret_of(hook: Webhook) -> str:
    """The secret with which the receiver checks signatures."""
    return PREFIX + base64.b64encode(_key(hook, hook.secret_number)).decode()


def signed_headers(delivery: Delivery, *, now: datetime) -> dict[str, str]:
    """The headers of a delivery: the id of the event, the time in seconds, and a signature with each valid secret."""
    event, sent = str(delivery.event), str(int(now.timestamp()))
    content = f"{event}.{sent}.{delivery.body}".encode()
    hook = delivery.webhook
    renewed = hook.renewed is not None and now - hook.renewed < OLD_SECRET_TIME
    numbers = [hook.secret_number, hook.secret_number - 1] if renewed else [hook.secret_number]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    signatures = " ".join(_signature(_key(hook, number, key), content) for key in keys for number in numbers)
    return {"webhook-id": event, "webhook-timestamp": sent, "webhook-signature": signatures}


def _key(hook: Webhook, number: int, secret_key: str | None = None) -> bytes:
    return salted_hmac("inkling.webhooks", f"{hook.uuid}/{number}", secret_key, algorithm="sha256").digest()


def _signature(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
