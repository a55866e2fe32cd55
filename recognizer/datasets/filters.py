"""The filters of an export: which drawings it contains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
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

MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
"""A day, or a moment of ISO 8601, as a regular expression."""


class FilterError(ValueError):
    """A filter is invalid. The text says what is wrong and what to do; `field` names the filter."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class DrawingFilter:
    """Filters for drawings; empty ones are ignored. Drawings that may not be trained on are never included.

    `label` is the reviewer's label if there is one, otherwise the author's. `version` is the model version that
    answered first. `since` and `until` are days, both included, or moments, of which `until` is not included.
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
        if self.since and self.until and _midnight(self.since) >= self._end():
            raise FilterError(_("The first day or moment is not before the last one. Swap them."), "since")

    def as_json(self) -> dict[str, Any]:
        """What `parse` takes, without empty filters."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: _as_json(value) for key, value in values.items() if value}

    def _end(self) -> datetime:
        """The first moment after `until`."""
        assert self.until is not None  # noqa: S101 - asked only where there is one
        return self.until if isinstance(self.until, datetime) else _midnight(self.until + timedelta(days=1))

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
            found = found.filter(created__lt=self._end())
        if self.version is not None:
            first = Prediction.objects.filter(drawing=OuterRef("pk")).order_by("id")
            number = Subquery(first.values("model_version__number")[:1])
            found = found.alias(first_version=number).filter(first_version=self.version)
        return found


def parse_moment(text: str) -> date | datetime:
    """The day of `2026-11-21`, or the moment of `2026-11-21T10:30:00Z` in UTC, which is assumed without an offset.

    Raises ValueError with a text that says what to write.
    """
    try:
        return _read_moment(text.upper())
    except (ValueError, OverflowError) as error:
        message = _("%(value)s is not a moment. Write it as 2026-11-21T10:30:00Z, or a day as 2026-11-21.")
        raise ValueError(message % {"value": repr(text[:40])}) from error


def is_day(when: date | None) -> bool:
    """Whether it is a day, without a time."""
    return when is not None and not isinstance(when, datetime)


def _read_moment(text: str) -> date | datetime:
    if "T" in text:
        text = text.replace(" ", "+")  # a plus sign that an address contained without being encoded
    if not re.fullmatch(MOMENT, text):
        raise ValueError(text)
    if len(text) == len("2026-11-21"):
        return date.fromisoformat(text)
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def first_moment(when: date | datetime) -> datetime:
    """The moment itself, or the first one of the day in UTC."""
    return when if isinstance(when, datetime) else datetime.combine(when, time.min, UTC)


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _midnight(when: date) -> datetime:
    """The moment itself, or the first one of the day where the site is."""
    return when if isinstance(when, datetime) else timezone.make_aware(datetime.combine(when, time.min))


def _text(values: Mapping[str, Any], key: str) -> str:
    return str(values.get(key) or "").strip()


def _day(values: Mapping[str, Any], field: str) -> date | None:
    text = _text(values, field)
    try:
        found = parse_moment(text) if text else None
    except ValueError as error:
        raise FilterError(str(error), field) from error
    if found and not 1900 <= found.year <= 9000:
        message = _("The year %(year)d is out of range. Write a day as 2026-11-21.")
        raise FilterError(message % {"year": found.year}, field)
    return found


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
