"""What one's keys did."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import usage
from accounts.models import ApiKey, User
from recognizer.api.etags import ConditionalEndpoint
from recognizer.api.pagination import ListQuery, asked_of, listed


class UsageView(ConditionalEndpoint):
    """Calls by day and key; each item of a batch is one."""

    scopes = {"GET": None}

    def get(self, request: Request) -> Response:
        """The newest first. A key is told of itself alone; a person on the site of all their keys."""
        asked = asked_of(UsageQuery, request)
        person: User = request.user  # type: ignore[assignment]
        found = usage.usage_of(person=person, key=request.auth if isinstance(request.auth, ApiKey) else None)
        return listed(asked.apply(found), request, asked, _show)


class UsageQuery(ListQuery):
    """Of which days, and of which key."""

    key = serializers.CharField(required=False, max_length=12, help_text="What may be shown of a key: its prefix.")
    since = serializers.DateField(required=False, help_text="On this day (UTC) or later.")
    until = serializers.DateField(required=False, help_text="Before this day.")

    def apply(self, found: Any) -> Any:
        """Narrow the days down."""
        wanted = self.validated_data
        if prefix := wanted.get("key"):
            found = found.filter(key__prefix=prefix)
        if day := wanted.get("since"):
            found = found.filter(day__gte=day)
        if day := wanted.get("until"):
            found = found.filter(day__lt=day)
        return found


def _show(found: list[Any]) -> list[dict[str, Any]]:
    return [
        {"day": each.day, "key": {"prefix": each.key.prefix, "name": each.key.name}, "calls": each.calls}
        for each in found
    ]
