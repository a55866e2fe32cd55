"""Filters that several lists have."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from recognizer.models import Label

RECOGNIZER = "label__recognizer__id__exact"  # the filter above it in the same list


class LabelOfRecognizer(admin.SimpleListFilter):
    """The labels of the recognizer that was chosen; all labels of all of them would be a hundred that nobody reads."""

    title = _("label")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Nothing to choose among until a recognizer is chosen."""
        chosen = request.GET.get(RECOGNIZER, "")
        found = Label.objects.filter(recognizer=int(chosen)) if chosen.isdecimal() else Label.objects.none()
        return [(str(label.pk), str(label)) for label in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of this label."""
        value = self.value() or ""
        return queryset.filter(label=int(value)) if value.isdecimal() else queryset


def _is_there(chosen: str | None, field: str, queryset: QuerySet[Any]) -> QuerySet[Any]:
    return queryset if chosen is None else queryset.filter(**{f"{field}__isnull": chosen == "no"})


class IsOnControl(admin.SimpleListFilter):
    """Opinions that decide nothing, or those that do."""

    title = _("on a control")
    parameter_name = "control"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The two choices."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by the choice."""
        return _is_there(self.value(), "control", queryset)


class HasEnded(admin.SimpleListFilter):
    """Controls whose mark was taken off, or was not."""

    title = _("mark taken off")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The two choices."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by the choice."""
        return _is_there(self.value(), "ended", queryset)
