"""Lists in pages, the newest row first: the query parameters of a list, and its response with the address of the next.

DRF's CursorPagination is not used: its cursors have another form than those that clients hold, and it ignores an
invalid `page_size` or filter where this API answers 400.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, ClassVar, Self

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from recognizer.api.errors import ApiError
from recognizer.api.names import check_parameters, meant
from recognizer.datasets.filters import first_moment, parse_moment
from recognizer.models import Label, Recognizer

PAGE_SIZE, MAX_PAGE_SIZE = 24, 100
_CURSOR = re.compile(rb"after:([0-9]{1,18})")


class JsonBoolean(serializers.ChoiceField):
    """`true` or `false`, as in JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(["true", "false"], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The boolean."""
        return super().to_internal_value(data) == "true"


class Moment(serializers.CharField):
    """A moment of ISO 8601. A day alone is its first moment in UTC."""

    def to_internal_value(self, data: Any) -> Any:
        """The moment in UTC. Raises ValidationError."""
        try:
            return first_moment(parse_moment(str(data)))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


def moments() -> tuple[Moment, Moment]:
    """The filters `since` and `until`."""
    return (
        Moment(required=False, help_text="At this moment or later. A day alone is its first moment in UTC."),
        Moment(required=False, help_text="Before this moment. A day alone is its first moment in UTC."),
    )


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
        """The validated parameters. Unknown ones, and those without a value, raise ValidationError or ApiError."""
        query = cls(data=request.query_params.dict())
        check_parameters(request.query_params, query.fields.keys())
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


class LabelledQuery(ListQuery):
    """Filters of rows that have a recognizer and a label. Those that the site does not have are errors."""

    recognizer = SlugFilter(help_text="The slug of a recognizer.")
    label = SlugFilter(help_text="The slug of a label.")  # type: ignore[assignment]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """The filters. Raises ApiError `unknown_recognizer` and `unknown_label`."""
        slug, name, labels = given.get("recognizer"), given.get("label"), Label.objects.all()
        if slug:
            known = list(Recognizer.objects.values_list("slug", flat=True))
            if slug not in known:
                text = _("There is no recognizer %(value)s.%(meant)s GET /api/v1/recognizers lists them.")
                shown = {"value": repr(slug), "meant": meant(slug, known)}
                raise ApiError("unknown_recognizer", text % shown, field="recognizer")
            labels = labels.filter(recognizer__slug=slug)
        if name and not labels.filter(slug=name).exists():
            text = _("There is no label %(value)s.%(meant)s GET /api/v1/recognizers lists them.")
            shown = {"value": repr(name), "meant": meant(name, set(labels.values_list("slug", flat=True)))}
            raise ApiError("unknown_label", text % shown, field="label")
        return given
