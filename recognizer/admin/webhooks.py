"""Webhooks and what they were told: to read, without payloads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer.admin.drawings import ReadOnlyAdmin
from recognizer.models import Delivery, Webhook


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Who is told of what. The address is its person's, and may hold a secret: only its host is shown."""

    list_display = ["uuid", "person", "host", "recognizer", "paused", "failing_since", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["person", "recognizer"]
    search_fields = ["uuid", "person__email"]
    exclude = ["url"]

    @admin.display
    def host(self, hook: Webhook) -> str:
        """Where it leads."""
        return hook.host


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """How each attempt went. What was sent and answered is for its person to look at."""

    list_display = ["event", "type", "webhook", "state", "attempts", "code", "problem", "created"]
    list_filter = ["state", "type"]
    list_select_related = ["webhook"]
    search_fields = ["event", "webhook__uuid"]
    exclude = ["body", "answer", "drawing"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Without what was sent."""
        return super().get_queryset(request).defer("body", "answer")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go by themselves."""
        return False
