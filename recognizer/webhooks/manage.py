"""Webhooks of one's own: make, change, pause, try, delete. What is made and what goes is noted (accounts.audit)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, people
from recognizer.models import TEST_EVENT, Delivery, Event, Recognizer, Webhook
from recognizer.webhooks import allowed_addresses
from recognizer.webhooks import events as noting

if TYPE_CHECKING:
    from accounts.models import User

MAX_PER_PERSON = 10  # webhooks of one person
MAX_MANUAL_PER_MINUTE = 10  # deliveries of one webhook that may be asked for by hand within a minute


class RefusedWebhookError(ValueError):
    """It cannot be like this; the text says why, and what would help."""


def create_webhook(*, person: User, url: str, events: Sequence[str], recognizer: Recognizer | None = None) -> Webhook:
    """A webhook; what happens from now on is sent there. Raises RefusedWebhookError."""
    url, events = _checked(url, events)
    with transaction.atomic():
        people.lock_person(person.pk)  # or two at once would both be the last one
        if person.webhooks.count() >= MAX_PER_PERSON:
            raise RefusedWebhookError(
                _("You have %d webhooks, the most there can be. Delete one first.") % MAX_PER_PERSON
            )
        hook = Webhook.objects.create(person=person, url=url, events=events, recognizer=recognizer)
        _write_down(hook, "webhook.made")
    return hook


def _write_down(hook: Webhook, what: str) -> None:
    """In the audit log, where an address does not belong: what stands in it may be a secret."""
    audit.note(by=hook.person, what=what, subject=f"webhook {hook.uuid}", detail={"events": hook.events})


def update_webhook(*, hook: Webhook, url: str, events: Sequence[str], recognizer: Recognizer | None = None) -> None:
    """Another address, other events; what waits goes to the new address. Raises RefusedWebhookError."""
    url, events = _checked(url, events)
    fresh = {"failing_since": None, "rests_until": None}
    Webhook.objects.filter(pk=hook.pk).update(url=url, events=events, recognizer=recognizer, **fresh)


def _checked(url: str, events: Sequence[str]) -> tuple[str, list[str]]:
    url = url.strip()
    if not url:
        raise RefusedWebhookError(_("Type the address that should be called."))
    if len(url) > Webhook._meta.get_field("url").max_length:  # type: ignore[operator]
        raise RefusedWebhookError(_("The address is longer than 500 characters. Use a shorter one."))
    known = [event for event in Event.values if event in events]
    if not known or len(known) != len(set(events)):
        raise RefusedWebhookError(_("Choose at least one of the events."))
    try:
        allowed_addresses.check_address(url)
    except allowed_addresses.RefusedAddressError as error:
        raise RefusedWebhookError(str(error)) from error
    return url, known


@transaction.atomic
def renew_secret(*, hook: Webhook) -> None:
    """Another secret; for a day the old one signs as well."""
    _write_down(hook, "webhook.renewed")
    Webhook.objects.filter(pk=hook.pk).update(secret_number=F("secret_number") + 1, renewed=timezone.now())


def pause_webhook(*, hook: Webhook) -> None:
    """Nothing is sent and nothing is noted for it from now on; what waits goes on waiting."""
    Webhook.objects.filter(pk=hook.pk, paused__isnull=True).update(paused=timezone.now(), pause_reason="")


def resume_webhook(*, hook: Webhook) -> None:
    """Send again, also what waits."""
    Webhook.objects.filter(pk=hook.pk).update(paused=None, pause_reason="", failing_since=None, rests_until=None)
    noting.enqueue_deliveries()


def send_test(*, hook: Webhook) -> Delivery:
    """Send something harmless. Raises RefusedWebhookError."""
    _check_patience(hook)
    return noting.create_test_delivery(hook)


def replay_delivery(*, delivery: Delivery) -> Delivery:
    """Send it once more, under the id of its event. Raises RefusedWebhookError."""
    _check_patience(delivery.webhook)
    return noting.create_replay(delivery)


def _check_patience(hook: Webhook) -> None:
    """Nobody makes this server knock at somebody's door all day."""
    if hook.paused:
        raise RefusedWebhookError(_("This webhook is paused. Let it go on first."))
    fresh = hook.deliveries.filter(created__gt=timezone.now() - timedelta(minutes=1))
    if fresh.filter(Q(type=TEST_EVENT) | Q(replays__isnull=False)).count() >= MAX_MANUAL_PER_MINUTE:
        raise RefusedWebhookError(_("You have asked for many in the last minute. Wait a little."))


@transaction.atomic
def delete_webhook(*, hook: Webhook) -> None:
    """With its log."""
    _write_down(hook, "webhook.deleted")
    hook.delete()
