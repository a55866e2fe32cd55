"""Filters for lists of the admin."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from recognizer.models import Label

RECOGNIZER = "label__recognizer__id__exact"  # the filter above it in the same list

MOST_CHOICES = 60


class LabelFilter(admin.SimpleListFilter):
    """The labels of the chosen recognizer. The labels of all recognizers together would be too many to choose from."""

    title = _("label")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """No choices until a recognizer is chosen, and of many labels only the chosen one: `?label=` and its id."""
        chosen, label = request.GET.get(RECOGNIZER, ""), request.GET.get(self.parameter_name, "")
        found = Label.objects.filter(recognizer=int(chosen)) if chosen.isdecimal() else Label.objects.none()
        shown = list(found[: MOST_CHOICES + 1])
        if len(shown) > MOST_CHOICES:
            shown = list(found.filter(pk=int(label))) if label.isdecimal() else []
        return [(str(each.pk), str(each)) for each in shown]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen label."""
        value = self.value() or ""
        return queryset.filter(label=int(value)) if value.isdecimal() else queryset


class _IsSetFilter(admin.SimpleListFilter):
    """Rows in which a field is set, or is not."""

    field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Yes and no."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        chosen = self.value()
        return queryset if chosen is None else queryset.filter(**{f"{self.field}__isnull": chosen == "no"})


class ControlFilter(_IsSetFilter):
    """Opinions on control drawings, or on others."""

    title = _("on a control drawing")
    parameter_name = field = "control"


class EndedFilter(_IsSetFilter):
    """Controls that were ended, or were not."""

    title = _("ended")
    parameter_name = field = "ended"


class CreatedFilter(admin.SimpleListFilter):
    """Years, the months of the chosen year, and the days of the chosen month. Uses the index of `created`.

    The date hierarchy of Django reads all rows to find the years.
    """

    title = _("created")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The years since the first row, and the parts of the chosen year or month."""
        times = model_admin.model.objects.order_by("created").values_list("created", flat=True)
        first, last = times.first(), times.last()
        if first is None:
            return []
        years = range(timezone.localtime(first).year, timezone.localtime(last).year + 1)
        shown = [(str(year), str(year)) for year in years]
        if period := _period(self.value()):
            year, *month = period.parts
            months = [date(year, number, 1) for number in range(1, 13)]
            shown += [(f"{each:%Y-%m}", date_format(each, "YEAR_MONTH_FORMAT")) for each in months]
            if month:
                days = [date(year, month[0], number + 1) for number in range(monthrange(year, month[0])[1])]
                shown += [(f"{each:%Y-%m-%d}", date_format(each, "MONTH_DAY_FORMAT")) for each in days]
        return shown

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen time."""
        period = _period(self.value())
        if period is None:
            return queryset
        begin, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in (period.first, period.end))
        return queryset.filter(created__gte=begin, created__lt=end)


class _Period(NamedTuple):
    parts: list[int]  # year, perhaps month, perhaps day
    first: date
    end: date  # the day after the last


def _period(value: str | None) -> _Period | None:
    """The period of "2026", "2026-11" or "2026-11-21"; None for anything else."""
    try:
        parts = [int(part) for part in (value or "").split("-")]
        year, month, day = (*parts, 1, 1)[:3] if len(parts) < 4 else (0, 0, 0)
        first = date(year, month, day)
        last = [date(year, 12, 31), date(year, month, monthrange(year, month)[1]), first][len(parts) - 1]
        return _Period(parts, first, last + timedelta(days=1))
    except (ValueError, OverflowError):
        return None
