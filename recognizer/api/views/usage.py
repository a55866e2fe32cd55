"""How often a person's keys were used."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import usage
from accounts.models import ApiKey, User
from recognizer.api.base import Endpoint
from recognizer.api.pagination import ListQuery


class UsageQuery(ListQuery):
    """Which days, and which key."""

    key = serializers.CharField(
        required=False, max_length=12, help_text="The prefix of a key: the part that is not secret."
    )
    since = serializers.DateField(required=False, help_text="On this day (UTC) or later.")
    until = serializers.DateField(required=False, help_text="Before this day (UTC).")
    lookups = {"key": "key__prefix", "since": "day__gte", "until": "day__lt"}


class UsageView(Endpoint):
    """Calls by day and key; each item of a batch is one call."""

    scopes = {"GET": None}

    def get(self, request: Request) -> Response:
        """The newest day first. A key gets its own calls, a person on the site those of all their keys."""
        query = UsageQuery.read(request)
        person: User = request.user  # type: ignore[assignment]
        rows = usage.usage_of(person=person, key=request.auth if isinstance(request.auth, ApiKey) else None)
        return query.page(query.apply(rows), request, _usage_json)


def _usage_json(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {"day": row.day, "key": {"prefix": row.key.prefix, "name": row.key.name}, "calls": row.calls} for row in rows
    ]
