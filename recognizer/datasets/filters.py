"""The filters of an export: which drawings it contains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import people
from recognizer.models import Correction, Drawing, Label, Prediction, Recognizer, Review

UNNAMED, UNDECIDED = "unnamed", "undecided"
DECIDED = (Review.Decision.ACCEPTED.value, Review.Decision.RELABELLED.value, Review.Decision.REJECTED.value)
STATUSES = (*DECIDED, UNDECIDED, UNNAMED)
MAX_VERSION_NUMBER = 2**31 - 1


class FilterError(ValueError):
    """A filter is invalid. The text says what is wrong and what to do; `field` names the filter."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class DrawingFilter:
    """Filters for drawings; empty ones are ignored. Drawings that may not be trained on are never included.

    `label` is the reviewer's label if there is one, otherwise the author's. `version` is the model version that
    answered first. `since` and `until` are days, both included.
    """

    recognizer: str = ""
    label: str = ""
    status: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    version: int | None = None

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> DrawingFilter:
        """From texts, as a form or a command gives them. Raises FilterError."""
        status = tuple(dict.fromkeys(values.get("status") or ()))
        for each in status:
            _check_known("status", each, STATUSES)
        parsed = cls(
            recognizer=_text(values, "recognizer"),
            label=_text(values, "label"),
            status=status,
            since=_day(values, "since"),
            until=_day(values, "until"),
            version=_version(_text(values, "version")),
        )
        parsed._check()
        return parsed

    def _check(self) -> None:
        if self.recognizer:
            _check_known("recognizer", self.recognizer, Recognizer.objects.values_list("slug", flat=True))
        if (self.label or self.version) and not self.recognizer:
            raise FilterError(_("A label or a version needs a recognizer. Choose one."), "recognizer")
        if self.label:
            labels = Label.objects.filter(recognizer__slug=self.recognizer)
            _check_known("label", self.label, labels.values_list("slug", flat=True))
        if self.since and self.until and self.since > self.until:
            raise FilterError(_("The first day is after the last day. Swap them."), "since")

    def as_json(self) -> dict[str, Any]:
        """What `parse` takes, without empty filters."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if key == "status" else str(value) for key, value in values.items() if value}

    def drawings(self) -> QuerySet[Drawing]:
        """The drawings that pass all filters and may be trained on."""
        found = Drawing.objects.filter(people.may_train("author"))
        named = Correction.objects.current().filter(drawing=OuterRef("pk"), label__isnull=False)
        reviews = Review.objects.current().filter(  # of what the author says now
            correction__drawing=OuterRef("pk"),
            correction__replaced_by__replaces__isnull=True,
            correction__label__isnull=False,
        )
        if self.recognizer:
            found = found.filter(recognizer__slug=self.recognizer)
        if self.label:
            approving = reviews.approving()
            by_author = Exists(named.filter(label__slug=self.label)) & ~Exists(approving)
            found = found.filter(Q(Exists(approving.filter(label__slug=self.label))) | Q(by_author))
        if self.status:
            conditions = {
                UNNAMED: Q(~Exists(named)),
                UNDECIDED: Q(Exists(named) & ~Exists(reviews.filter(decision__in=DECIDED))),
                **{each: Q(Exists(reviews.filter(decision=each))) for each in DECIDED},
            }
            found = found.filter(reduce(or_, (conditions[each] for each in self.status)))
        if self.since:
            found = found.filter(created__gte=_midnight(self.since))
        if self.until:
            found = found.filter(created__lt=_midnight(self.until + timedelta(days=1)))
        if self.version is not None:
            first = Prediction.objects.filter(drawing=OuterRef("pk")).order_by("id")
            number = Subquery(first.values("model_version__number")[:1])
            found = found.alias(first_version=number).filter(first_version=self.version)
        return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _text(values: Mapping[str, Any], key: str) -> str:
    return str(values.get(key) or "").strip()


def _day(values: Mapping[str, Any], field: str) -> date | None:
    text = _text(values, field)
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        message = _("%(value)s is not a day. Write it as 2026-11-21.")
        raise FilterError(message % {"value": repr(text[:40])}, field) from error
    if day and not 1900 <= day.year <= 9000:
        message = _("The year %(year)d is out of range. Write a day as 2026-11-21.")
        raise FilterError(message % {"year": day.year}, field)
    return day


def _version(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and 0 < int(text[:12]) <= MAX_VERSION_NUMBER):
        message = _("%(value)s is not the number of a version. Write it as 3.")
        raise FilterError(message % {"value": repr(text[:40])}, "version")
    return int(text) if text else None


def _check_known(what: str, value: str, known: Iterable[str]) -> None:
    names = list(known)
    if value not in names:
        text = _("Unknown %(what)s %(value)s. Use one of: %(known)s.")
        raise FilterError(text % {"what": what, "value": repr(value[:60]), "known": ", ".join(names) or "none"}, what)
