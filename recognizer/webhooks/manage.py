"""What owners can do with their webhooks: create, change, pause, test and delete them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, deletion_log
from accounts.models import User, lock_person
from recognizer import enqueue
from recognizer.models import TEST_EVENT, Delivery, Event, Recognizer, Webhook
from recognizer.webhooks import allowed_addresses
from recognizer.webhooks import events as webhook_events

MAX_PER_PERSON = 10  # webhooks
MAX_MANUAL_PER_MINUTE = 10  # tests and replays of one webhook


class RefusedWebhookError(ValueError):
    """The request for a webhook is invalid. The text says why and what to do."""


def create_webhook(*, person: User, url: str, events: Sequence[str], recognizer: Recognizer | None = None) -> Webhook:
    """Create a webhook for future events. Raises RefusedWebhookError."""
    url, events = _checked(url, events)
    with transaction.atomic():
        lock_person(person.pk)  # so that two requests at once cannot exceed the limit
        if person.webhooks.count() >= MAX_PER_PERSON:
            raise RefusedWebhookError(_("You have %d webhooks, which is the limit. Delete one first.") % MAX_PER_PERSON)
        hook = Webhook.objects.create(person=person, url=url, events=events, recognizer=recognizer)
        _log(hook, "webhook.made")
    return hook


def _log(hook: Webhook, what: str) -> None:
    """Write to the audit log, without the address, because it may contain a secret."""
    audit.note(by=hook.person, what=what, subject=f"webhook {hook.uuid}", detail={"events": hook.events})


def update_webhook(*, hook: Webhook, url: str, events: Sequence[str], recognizer: Recognizer | None = None) -> None:
    """Change address and events. Waiting deliveries go to the new address. Raises RefusedWebhookError."""
    url, events = _checked(url, events)
    changed = {"url": url, "events": events, "recognizer": recognizer}
    Webhook.objects.filter(pk=hook.pk).update(failing_since=None, rests_until=None, **changed)


def _checked(url: str, events: Sequence[str]) -> tuple[str, list[str]]:
    url = url.strip()
    if not url:
        raise RefusedWebhookError(_("Enter the address to call."))
    if len(url) > Webhook._meta.get_field("url").max_length:  # type: ignore[operator]
        raise RefusedWebhookError(_("The address is longer than 500 characters. Use a shorter one."))
    known = [event for event in Event.values if event in events]
    if not known or len(known) != len(set(events)):
        raise RefusedWebhookError(_("Choose at least one event."))
    try:
        allowed_addresses.check_address(url)
    except allowed_addresses.RefusedAddressError as error:
        raise RefusedWebhookError(str(error)) from error
    return url, known


@transaction.atomic
def renew_secret(*, hook: Webhook) -> None:
    """Create a new secret. Deliveries are signed with the old one as well for a day."""
    _log(hook, "webhook.renewed")
    Webhook.objects.filter(pk=hook.pk).update(secret_number=F("secret_number") + 1, renewed=timezone.now())


def pause_webhook(*, hook: Webhook, reason: str = "") -> None:
    """Stop sending and recording events. Waiting deliveries stay."""
    Webhook.objects.filter(pk=hook.pk, paused__isnull=True).update(paused=timezone.now(), pause_reason=reason)


def resume_webhook(*, hook: Webhook) -> None:
    """Start sending again, with the waiting deliveries."""
    Webhook.objects.filter(pk=hook.pk).update(paused=None, pause_reason="", failing_since=None, rests_until=None)
    enqueue.send_on_commit(enqueue.Task.SEND_WEBHOOKS)


def send_test(*, hook: Webhook) -> Delivery:
    """Send a test event. Raises RefusedWebhookError."""
    _check_manual_rate(hook)
    return webhook_events.create_test_delivery(hook)


def replay_delivery(*, delivery: Delivery) -> Delivery:
    """Send a delivery again, with the same event id. Raises RefusedWebhookError."""
    _check_manual_rate(delivery.webhook)
    return webhook_events.create_replay(delivery)


def _check_manual_rate(hook: Webhook) -> None:
    """Raise RefusedWebhookError if the webhook is paused, or too many were sent by hand in the last minute."""
    if hook.paused:
        raise RefusedWebhookError(_("This webhook is paused. Resume it first."))
    recent = hook.deliveries.filter(created__gt=timezone.now() - timedelta(minutes=1))
    if recent.filter(Q(type=TEST_EVENT) | Q(replays__isnull=False)).count() >= MAX_MANUAL_PER_MINUTE:
        raise RefusedWebhookError(_("Too many requests in the last minute. Please wait a minute."))


@transaction.atomic
def delete_webhook(*, hook: Webhook) -> None:
    """Delete a webhook and its deliveries. Raises DeletionLogError."""
    _log(hook, "webhook.deleted")
    hook.delete()
    deletion_log.append([hook.uuid])
