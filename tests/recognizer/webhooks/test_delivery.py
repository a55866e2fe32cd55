"""What is due goes out once, is tried again until it arrived, and stops where nobody listens any more."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.mail import EmailMessage
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, User
from recognizer import tasks
from recognizer.models import Delivery, Event, Webhook
from recognizer.webhooks import delivery as sending
from recognizer.webhooks import events, manage, signing
from recognizer.webhooks.allowed_addresses import RefusedAddressError
from tests.recognizer.webhooks.receiver import Receiver, listening

pytestmark = pytest.mark.django_db
State = Delivery.State


def due_again() -> None:
    """Let time pass until the next try."""
    Delivery.objects.filter(state=State.WAITING).update(next_try=timezone.now())
    Webhook.objects.update(rests_until=None)


def attempt(delivery: Delivery) -> Delivery:
    due_again()
    sending.send_due_deliveries()
    delivery.refresh_from_db()
    return delivery


def test_the_body_is_sent_as_it_was_saved(hook: Webhook, receiver: Receiver) -> None:
    delivery = manage.send_test(hook=hook)
    assert sending.send_due_deliveries() == (1, False)
    (got,) = receiver.got
    assert got.path == "/inkling?from=here"
    assert got.body == delivery.body.encode()
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "Inkling-Webhooks/1"
    assert got.headers["webhook-id"] == str(delivery.event) == json.loads(got.body)["id"]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.code, delivery.answer, delivery.attempts) == (State.DELIVERED, 200, "thank you", 1)
    assert delivery.finished
    assert delivery.took_ms is not None
    assert sending.send_due_deliveries() == (0, False)


def test_a_failing_delivery_is_tried_eight_times_in_about_a_day(hook: Webhook, receiver: Receiver) -> None:
    receiver.code = 500
    delivery, waits = manage.send_test(hook=hook), []
    for _ in range(8):
        attempt(delivery)
        waits.append(delivery.next_try - timezone.now())
    assert (delivery.state, delivery.attempts, delivery.code) == (State.FAILED, 8, 500)
    assert waits[:7] == sorted(waits[:7])
    assert timedelta(hours=20) < sum(waits[:7], timedelta()) < timedelta(hours=28)
    assert attempt(delivery).attempts == 8
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1
    assert len({each.body for each in receiver.got}) == 1


def test_retry_delays_vary_a_little(hook: Webhook, receiver: Receiver) -> None:
    """What failed together does not come back together."""
    receiver.code = 503
    events.create_test_delivery(hook)
    events.create_test_delivery(hook)
    events.create_test_delivery(hook)
    sending.send_due_deliveries()
    assert len(set(Delivery.objects.values_list("next_try", flat=True))) == 3


def test_a_success_clears_the_failure_of_a_webhook(hook: Webhook, receiver: Receiver) -> None:
    receiver.code = 500
    delivery = manage.send_test(hook=hook)
    attempt(delivery)
    hook.refresh_from_db()
    assert hook.failing_since
    receiver.code = 204
    assert attempt(delivery).state == State.DELIVERED
    hook.refresh_from_db()
    assert (hook.failing_since, hook.paused) == (None, None)


def test_only_the_beginning_of_a_response_is_saved(hook: Webhook, receiver: Receiver) -> None:
    receiver.answer = b"\xff\0" + b"x" * 5_000_000
    delivery = attempt(manage.send_test(hook=hook))
    assert delivery.answer == "\ufffd\ufffd" + "x" * 1022


def test_a_compressed_response_is_not_decompressed(hook: Webhook, receiver: Receiver) -> None:
    receiver.headers, receiver.answer = {"Content-Encoding": "gzip"}, b"not gzip at all"
    assert attempt(manage.send_test(hook=hook)).answer == "not gzip at all"


def test_a_receiver_that_hangs_is_not_called_for_a_while(
    hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although a byte comes now and then."""
    monkeypatch.setattr(sending, "DEADLINE", 0.5)
    receiver.hangs = True
    delivery = manage.send_test(hook=hook)
    events.create_test_delivery(hook)
    assert sending.send_due_deliveries() == (2, False)
    delivery.refresh_from_db()
    assert (delivery.code, delivery.state) == (None, State.WAITING)
    assert (delivery.code, bool(delivery.problem)) == (None, True)
    hook.refresh_from_db()
    assert hook.rests_until
    assert hook.rests_until > timezone.now()
    Delivery.objects.update(next_try=timezone.now())
    assert sending.send_due_deliveries() == (0, False), "nobody waits for it meanwhile"


def test_a_refused_connection_is_described(alice: User, allowed: None) -> None:
    with listening() as gone:
        hook = manage.create_webhook(person=alice, url=gone.url(), events=Event.values)
    failed = attempt(manage.send_test(hook=hook))
    assert (failed.code, bool(failed.problem)) == (None, True)


def test_a_410_response_pauses_the_webhook(hook: Webhook, receiver: Receiver) -> None:
    receiver.code = 410
    attempt(manage.send_test(hook=hook))
    hook.refresh_from_db()
    assert hook.paused
    assert "410" in hook.pause_reason


def test_the_owner_gets_a_mail_about_a_pause(
    hook: Webhook, receiver: Receiver, alice: User, mailoutbox: list[EmailMessage]
) -> None:
    receiver.code = 410
    delivery = manage.send_test(hook=hook)
    for _time in range(2):
        attempt(delivery)
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [([alice.email], mailoutbox[0].subject)]
    text = str(mailoutbox[0].body)
    assert hook.url in text
    assert hook.pause_reason in text


def test_a_mail_that_cannot_be_sent_is_only_logged(
    hook: Webhook, receiver: Receiver, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    receiver.code = 410
    attempt(manage.send_test(hook=hook))
    hook.refresh_from_db()
    assert hook.paused
    assert [record.name for record in caplog.records if str(hook.uuid) in record.getMessage()][-1:] == [
        "recognizer.webhooks.notify_owner"
    ]


def test_a_webhook_that_fails_for_days_is_paused_with_a_reason(hook: Webhook, receiver: Receiver) -> None:
    receiver.code = 500
    delivery = manage.send_test(hook=hook)
    attempt(delivery)
    hook.refresh_from_db()
    assert not hook.paused
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=3))
    attempt(delivery)
    hook.refresh_from_db()
    assert hook.paused
    assert re.findall(r"\d+", hook.pause_reason) == ["3", "500"]
    count = len(receiver.got)
    attempt(delivery)
    assert len(receiver.got) == count, "what is paused is not called"


def test_a_webhook_with_many_deliveries_does_not_delay_others(
    hook: Webhook, bob: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_bob = manage.create_webhook(person=bob, url=receiver.url(), events=Event.values)
    for _ in range(10):
        events.create_test_delivery(hook)
    events.create_test_delivery(of_bob)
    assert sending.send_due_deliveries() == (sending.EACH_AT_ONCE + 1, True)
    assert of_bob.deliveries.get().state == State.DELIVERED


def test_an_attempt_of_a_dead_worker_is_repeated(hook: Webhook, receiver: Receiver) -> None:
    delivery = manage.send_test(hook=hook)
    assert sending._claim() == [delivery]
    assert sending.send_due_deliveries() == (0, False)
    Delivery.objects.update(next_try=timezone.now())
    assert sending.send_due_deliveries() == (1, False)
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.state) == (2, State.DELIVERED)


def test_a_late_result_changes_nothing(hook: Webhook) -> None:
    delivery = manage.send_test(hook=hook)
    (late,) = sending._claim()
    Delivery.objects.update(attempts=2, state=State.DELIVERED, code=200, finished=timezone.now())
    sending._save_result(late, sending.AttemptResult(took_ms=1, code=500))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.code) == (State.DELIVERED, 200)
    hook.refresh_from_db()
    assert hook.failing_since is None


@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_send_each_attempt_once(hook: Webhook, receiver: Receiver) -> None:
    for _ in range(12):
        events.create_test_delivery(hook)

    def work(_number: int) -> int:
        try:
            return sum(sending.send_due_deliveries()[0] for _ in range(4))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 12
    assert len(receiver.got) == len({each.headers["webhook-id"] for each in receiver.got}) == 12
    assert set(Delivery.objects.values_list("attempts", "state")) == {(1, State.DELIVERED)}


def test_tls_uses_the_host_name_and_refuses_a_wrong_certificate(alice: User, allowed: None, tmp_path: Path) -> None:
    asked: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with listening(context) as receiver:
        hook = manage.create_webhook(person=alice, url=receiver.url(scheme="https"), events=Event.values)
        delivery = attempt(manage.send_test(hook=hook))
    assert asked == ["hooks.example.org"]
    assert "certificate" in delivery.problem
    assert receiver.got == []


def self_signed(folder: Path) -> Path:
    """A certificate that nobody trusts, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "self-signed.pem"
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def test_lost_deliveries_are_enqueued_again_and_old_ones_deleted(
    hook: Webhook, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as nothing:
        sending.run_due_jobs()
    assert nothing == []
    manage.send_test(hook=hook)
    with django_capture_on_commit_callbacks() as messages:
        assert sending.run_due_jobs() == 0
    assert len(messages) == 1
    Delivery.objects.update(created=timezone.now() - timedelta(days=31))
    assert sending.run_due_jobs() == 1
    assert not Delivery.objects.exists()


def test_the_task_enqueues_itself_while_there_are_due_deliveries(
    hook: Webhook, receiver: Receiver, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(sending.EACH_AT_ONCE + 1):
        events.create_test_delivery(hook)
    with django_capture_on_commit_callbacks() as more:
        tasks.send_webhooks()
    with django_capture_on_commit_callbacks() as none:
        tasks.send_webhooks()
    assert (len(more), len(none)) == (1, 0)
    assert len(receiver.got) == sending.EACH_AT_ONCE + 1


def test_a_closed_account_gets_no_deliveries(hook: Webhook, alice: User, receiver: Receiver) -> None:
    manage.send_test(hook=hook)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert sending.send_due_deliveries() == (0, False)
    assert receiver.got == []


def test_after_a_renewal_both_secrets_sign_for_a_day(hook: Webhook, receiver: Receiver) -> None:
    old = signing.secret_of(hook)
    manage.renew_secret(hook=hook)
    hook.refresh_from_db()
    assert signing.secret_of(hook) != old
    attempt(manage.send_test(hook=hook))
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2
    Webhook.objects.update(renewed=timezone.now() - timedelta(days=1))
    attempt(manage.send_test(hook=Webhook.objects.get()))
    assert len(receiver.got[1].headers["webhook-signature"].split()) == 1
    assert AuditEntry.objects.filter(what="webhook.renewed").count() == 1


def test_an_unexpected_error_is_logged_and_does_not_stop_others(caplog: pytest.LogCaptureFixture) -> None:
    assert sending._describe(KeyError("fault"))
    assert caplog.records[-1].exc_info
    assert sending._describe(RefusedAddressError("inside")) == "inside"
    assert asyncio.run(sending._post_all([])) == []
