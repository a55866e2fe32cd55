"""Lists in pages, the newest row first: the query parameters of a list, and its response with the address of the next.

DRF's CursorPagination is not used: its cursors have another form than those that clients hold, and it ignores an
invalid `page_size` or filter where this API answers 400.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from recognizer.api.errors import ApiError

PAGE_SIZE, MAX_PAGE_SIZE = 24, 100
_CURSOR = re.compile(rb"after:([0-9]{1,18})")


class JsonBoolean(serializers.ChoiceField):
    """`true` or `false`, as in JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(["true", "false"], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The boolean."""
        return super().to_internal_value(data) == "true"


class UtcTime(serializers.DateTimeField):
    """A time, converted to UTC. Some at the ends of the calendar cannot be converted; they are invalid."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """The time in UTC. Raises ValidationError."""
        try:
            return super().enforce_timezone(value).astimezone(UTC)
        except OverflowError:
            self.fail("overflow")


class SlugFilter(serializers.SlugField):
    """The slug of a recognizer or a label."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=50, **kwargs)


class ListQuery(serializers.Serializer):
    """The query parameters of every list. Subclasses add filters: in `lookups`, or in `apply`.

    `lookups`: the field lookup of the rows by the name of a filter.
    """

    lookups: ClassVar[dict[str, str]] = {}

    page_size = serializers.IntegerField(
        min_value=1, max_value=MAX_PAGE_SIZE, default=PAGE_SIZE, help_text="The number of rows of a page."
    )
    cursor = serializers.CharField(
        required=False, max_length=64, help_text="Where to continue: the cursor in `next` of the page before."
    )

    @classmethod
    def read(cls, request: Request) -> Self:
        """The validated parameters; a parameter without a value is an error. Raises ValidationError and ApiError."""
        query = cls(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return query

    def validate_cursor(self, value: str) -> int:
        """The primary key of the last row of the page before."""
        try:
            found = _CURSOR.fullmatch(base64.urlsafe_b64decode(value.encode() + b"=" * (-len(value) % 4)))
        except (ValueError, binascii.Error):
            found = None
        if found is None:
            raise ApiError("invalid_cursor", field="cursor")
        return int(found[1])

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that match the filters."""
        given = self.validated_data
        return rows.filter(**{lookup: given[name] for name, lookup in self.lookups.items() if name in given})

    def page(
        self, rows: QuerySet[Any], request: Request, to_json: Callable[[list[Any]], list[dict[str, Any]]]
    ) -> Response:
        """One page of the rows: `results`, and `next`, the address of the next page or null."""
        size = self.validated_data["page_size"]
        if (last := self.validated_data.get("cursor")) is not None:
            rows = rows.filter(pk__lt=last)
        found = list(rows.order_by("-pk")[: size + 1])
        following = None
        if found[size:]:
            cursor = base64.urlsafe_b64encode(b"after:%d" % found[size - 1].pk).decode().rstrip("=")
            following = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
        return Response({"results": to_json(found[:size]), "next": following})
