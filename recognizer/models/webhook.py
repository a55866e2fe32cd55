"""Webhook and Delivery: addresses that are notified of events, and each notification."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.drawing import Drawing
from recognizer.models.recognizer import Recognizer


class Event(models.TextChoices):
    """What a webhook can be notified of. The values are part of the payload and never change."""

    REVIEWED = "correction.reviewed", _("A reviewer decided about one of my drawings")
    PROMOTED = "version.promoted", _("Another model version is live")
    ROLLED_BACK = "version.rolled_back", _("The previous model version is live again")
    EXPORTED = "export.finished", _("One of my exports is ready, or failed")


PAYLOAD_VERSION = 1  # increase it when a field of the payload is removed or changes its meaning
TEST_EVENT = "webhook.test"  # sent only when a person asks for a test


AWAKE = Q(paused__isnull=True, person__is_active=True)
"""Webhooks that are notified."""


class Webhook(models.Model):
    """An address that is notified of events. Its secret is derived, see recognizer.webhooks.signing."""

    uuid = models.UUIDField(_("id"), default=uuid4, unique=True, editable=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="webhooks", verbose_name=_("person"))
    url = models.CharField(_("address"), max_length=500)
    events = models.JSONField(_("events"), default=list)
    recognizer = models.ForeignKey(
        Recognizer,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="webhooks",
        verbose_name=_("recognizer"),
        help_text=_("Only events of this recognizer; empty for all."),
    )
    secret_number = models.PositiveIntegerField(_("number of the secret"), default=1)
    renewed = models.DateTimeField(_("secret renewed"), null=True, blank=True)
    paused = models.DateTimeField(_("paused"), null=True, blank=True)
    pause_reason = models.CharField(_("why it is paused"), max_length=200, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    rests_until = models.DateTimeField(_("no attempts until"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [models.CheckConstraint(condition=~Q(url=""), name="webhook_has_an_address")]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def host(self) -> str:
        """The host of the address; the rest of it may be secret."""
        return urlsplit(self.url).hostname or ""

    @property
    def path(self) -> str:
        """The path of the address, without the query, which may be secret."""
        split = urlsplit(self.url)
        return (split.path or "/") + ("?…" if split.query else "")

    @property
    def event_names(self) -> list[str]:
        """The names of its events."""
        return [str(Event(value).label) for value in self.events if value in Event.values]


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Querysets of deliveries."""

    def due(self, now: datetime) -> Self:
        """Those to be sent now: they are due, and their webhook is neither paused nor resting."""
        awake = Q(webhook__paused__isnull=True, webhook__person__is_active=True)
        rested = Q(webhook__rests_until__isnull=True) | Q(webhook__rests_until__lte=now)
        return self.filter(awake, rested, state=Delivery.State.WAITING, next_try__lte=now)


class Delivery(models.Model):
    """One event for one webhook, and the result of the last attempt. Deleted with the drawing that it is about."""

    class State(models.TextChoices):
        """How far the delivery is."""

        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    event = models.UUIDField(_("id of the event"), default=uuid4)
    type = models.CharField(_("type"), max_length=32)
    drawing = models.ForeignKey(
        Drawing, models.CASCADE, null=True, blank=True, related_name="deliveries", verbose_name=_("drawing")
    )
    body = models.TextField(_("payload"))
    replays = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="replayed_by", verbose_name=_("repeat of")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try = models.DateTimeField(_("next attempt"), default=timezone.now)
    code = models.PositiveSmallIntegerField(_("status code"), null=True, blank=True)
    answer = models.TextField(_("start of the response"), blank=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    took_ms = models.PositiveIntegerField(_("duration in ms"), null=True, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["next_try"], condition=Q(state="waiting"), name="delivery_waiting"),
            models.Index(fields=["webhook", "-id"], name="delivery_log"),
            models.Index(fields=["created"], name="delivery_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", finished__isnull=True) | ~Q(state="waiting") & Q(finished__isnull=False),
                name="delivery_ends_with_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event}"
