"""Lists in pieces: the newest first, each piece going on where the one before ended, whatever came in between."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from recognizer.api.errors import ApiError

PAGE_SIZE, MOST = 24, 100
_LAST = re.compile(rb"after:([0-9]{1,18})")


class Whether(serializers.ChoiceField):
    """True or false, as JSON writes them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(["true", "false"], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Yes or no."""
        return super().to_internal_value(data) == "true"


class Moment(serializers.DateTimeField):
    """A moment of which UTC knows, too: at either end of the calendar not each one of the site's zone is."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """With its zone. Raises ValidationError."""
        try:
            return super().enforce_timezone(value).astimezone(UTC)
        except OverflowError:
            self.fail("overflow")


class ListQuery(serializers.Serializer):
    """What every list may be asked."""

    page_size = serializers.IntegerField(min_value=1, max_value=MOST, default=PAGE_SIZE, help_text="Rows of one page.")
    cursor = serializers.CharField(
        required=False, max_length=64, help_text="Where to go on: taken from `next`, never made by hand."
    )

    def validate_cursor(self, value: str) -> int:
        """The key of the last row that was seen."""
        try:
            found = _LAST.fullmatch(base64.urlsafe_b64decode(value.encode() + b"=" * (-len(value) % 4)))
        except (ValueError, binascii.Error):
            found = None
        if found is None:
            text = _("This cursor is not one of ours. Leave it out, and follow `next` from there.")
            raise ApiError("invalid_cursor", text, field="cursor")
        return int(found[1])


def listed(
    found: QuerySet[Any], request: Request, asked: ListQuery, show: Callable[[list[Any]], list[dict[str, Any]]]
) -> Response:
    """One page of the rows, by falling key: `results` and the address of the `next` page, or null."""
    size = asked.validated_data["page_size"]
    if (last := asked.validated_data.get("cursor")) is not None:
        found = found.filter(pk__lt=last)
    rows = list(found.order_by("-pk")[: size + 1])
    more = replace_query_param(request.build_absolute_uri(), "cursor", _cursor(rows[size - 1])) if rows[size:] else None
    return Response({"results": show(rows[:size]), "next": more})


def asked_of(query: type[Any], request: Request) -> Any:
    """The query of a list, checked: what is there but empty is an error, not nothing asked. Raises ValidationError."""
    asked = query(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    return asked


def _cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(b"after:%d" % row.pk).decode().rstrip("=")
