"""Webhooks and their deliveries, without payloads."""

from __future__ import annotations

from django.contrib import admin

from recognizer.admin.read_only import ReadOnlyAdmin
from recognizer.models import Delivery, Webhook


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Webhooks by their host. The full address may contain a secret of the owner and is not shown."""

    list_display = ["uuid", "person", "host", "recognizer", "paused", "failing_since", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["person", "recognizer"]
    search_fields = ["uuid", "person__email"]
    exclude = ["url"]

    @admin.display
    def host(self, hook: Webhook) -> str:
        """The host of the address."""
        return hook.host


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """The last attempt of each delivery. Payloads and responses are shown only to the owner."""

    list_display = ["event", "type", "webhook", "state", "attempts", "code", "problem", "created"]
    list_filter = ["state", "type"]
    list_select_related = ["webhook"]
    search_fields = ["event", "webhook__uuid"]
    exclude = ["body", "answer", "drawing"]
    deferred = ("body", "answer")
    can_delete = False
