"""How often a person's keys were used."""

from __future__ import annotations

from datetime import time
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import usage
from accounts.models import ApiKey, User
from recognizer.api.base import Endpoint
from recognizer.api.pagination import ListQuery, moments


class UsageQuery(ListQuery):
    """Which days, and which key."""

    key = serializers.CharField(
        required=False, max_length=12, help_text="The prefix of a key: the part that is not secret."
    )
    since, until = moments()
    lookups = {"key": "key__prefix"}

    def apply(self, rows: Any) -> Any:
        """The days (UTC) of which a part is between the two moments."""
        given, rows = self.validated_data, super().apply(rows)
        if "since" in given:
            rows = rows.filter(day__gte=given["since"].date())
        if until := given.get("until"):
            starts_before = "day__lt" if until.time() == time.min else "day__lte"
            rows = rows.filter(**{starts_before: until.date()})
        return rows


class UsageView(Endpoint):
    """Calls by day and key; each item of a batch is one call."""

    scopes = {"GET": None}
    reads_query = ("get",)

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
