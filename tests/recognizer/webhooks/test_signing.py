"""A receiver can tell that it is us: by the code that the page shows, and by the example of the standard."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from recognizer.models import Webhook
from recognizer.pages.developers import samples
from recognizer.pages.developers.samples.verify_webhook import verify
from recognizer.webhooks import delivery, manage, signing
from tests.programs import find_program
from tests.recognizer.webhooks.receiver import Received, Receiver

pytestmark = pytest.mark.django_db
SCRIPT = """
import { readFileSync } from "node:fs";
import { verify } from %s;
const { secret, headers, body } = JSON.parse(readFileSync(0));
console.log(JSON.stringify(verify(secret, headers, Buffer.from(body))));
"""


@pytest.fixture
def received(hook: Webhook, receiver: Receiver) -> Received:
    manage.send_test(hook=hook)
    delivery.send_due_deliveries()
    return receiver.got[0]


def in_python(secret: str, headers: dict[str, str], body: bytes) -> Any:
    return verify(secret, headers, body)


def in_javascript(secret: str, headers: dict[str, str], body: bytes) -> Any:
    path = Path(samples.__file__).parent / "verify_webhook.js"
    sent = json.dumps({"secret": secret, "headers": headers, "body": body.decode()})
    command = [find_program("node"), "--input-type=module", "--eval", SCRIPT % json.dumps(path.as_uri())]
    ran = subprocess.run(command, input=sent, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ValueError(ran.stderr)
    return json.loads(ran.stdout)


@pytest.mark.parametrize("check", [in_python, in_javascript])
def test_only_unchanged_deliveries_have_a_valid_signature(
    hook: Webhook, received: Received, check: Callable[..., Any]
) -> None:
    secret = signing.secret_of(hook)
    assert check(secret, received.headers, received.body)["type"] == "webhook.test"
    for tampered in (
        (secret, received.headers, received.body.replace(b"test", b"best")),
        (secret, received.headers | {"webhook-id": "another"}, received.body),
        (secret, received.headers | {"webhook-timestamp": "1"}, received.body),
        ("whsec_bm90IHRoaXMgb25l", received.headers, received.body),
    ):
        with pytest.raises(ValueError, match=r"too old|not signed"):
            check(*tampered)


def test_the_old_secret_is_valid_after_a_renewal(hook: Webhook, receiver: Receiver) -> None:
    old = signing.secret_of(hook)
    manage.renew_secret(hook=hook)
    hook.refresh_from_db()
    manage.send_test(hook=hook)
    delivery.send_due_deliveries()
    for secret in (old, signing.secret_of(hook)):
        assert verify(secret, receiver.got[0].headers, receiver.got[0].body)


def test_signatures_follow_standard_webhooks() -> None:
    """The example of its specification."""
    signed = signing._signature(
        base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_code_on_the_page_is_the_tested_code(as_alice: Client, hook: Webhook) -> None:
    page = as_alice.get(f"/accounts/webhooks/{hook.uuid}/").content.decode()
    for _language, code in samples.VERIFYING:
        assert escape(code.strip()) in page


def test_each_webhook_has_its_own_secret(hook: Webhook) -> None:
    other = manage.create_webhook(person=hook.person, url=hook.url, events=hook.events)
    assert signing.secret_of(hook) != signing.secret_of(other)
