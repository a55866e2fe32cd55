"""Which drawings: the filters of an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import people
from recognizer.models import Correction, Drawing, Label, Prediction, Recognizer, Review, ReviewQuerySet

UNNAMED, UNDECIDED = "unnamed", "undecided"
DECIDED = (Review.Decision.ACCEPTED.value, Review.Decision.RELABELLED.value, Review.Decision.REJECTED.value)
STATUSES = (*DECIDED, UNDECIDED, UNNAMED)
MAX_VERSION_NUMBER = 2**31 - 1  # of a version's number


class FilterError(ValueError):
    """Filters that cannot be meant; the text says what is wrong and what to do, `field` which one is to blame."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class DrawingFilter:
    """Filters; what is left empty does not filter. People whose drawings may not teach are never in it.

    `label` is what counts: the reviewer's where there is one, else the author's. `version` is the one that answered
    first. `since` and `until` are days, both included.
    """

    recognizer: str = ""
    label: str = ""
    status: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    version: int | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> DrawingFilter:
        """From texts, as a form or a command has them. Raises WantedError."""
        wanted = cls(
            recognizer=_text(said, "recognizer"),
            label=_text(said, "label"),
            status=_statuses(said.get("status") or ()),
            since=_day(said, "since"),
            until=_day(said, "until"),
            version=_number(_text(said, "version")),
        )
        wanted._check()
        return wanted

    def _check(self) -> None:
        if self.recognizer:
            _check_known("recognizer", self.recognizer, Recognizer.objects.values_list("slug", flat=True))
        if (self.label or self.version) and not self.recognizer:
            raise FilterError(_("Labels and versions belong to a recognizer. Say which recognizer."), "recognizer")
        if self.label:
            labels = Label.objects.filter(recognizer__slug=self.recognizer)
            _check_known("label", self.label, labels.values_list("slug", flat=True))
        if self.since and self.until and self.since > self.until:
            raise FilterError(_("The first day comes after the last one. Swap them."), "since")

    def as_json(self) -> dict[str, Any]:
        """What `read` takes, without what is empty."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if key == "status" else str(value) for key, value in said.items() if value}

    def drawings(self) -> QuerySet[Drawing]:
        """Those that are wanted, of people whose drawings may teach."""
        found = Drawing.objects.filter(people.may_train("author"))
        if self.recognizer:
            found = found.filter(recognizer__slug=self.recognizer)
        if self.label:
            found = found.filter(_labelled(self.label))
        if self.status:
            found = found.filter(_any(_status(each) for each in self.status))
        if self.since:
            found = found.filter(created__gte=_midnight(self.since))
        if self.until:
            found = found.filter(created__lt=_midnight(self.until + timedelta(days=1)))
        return self._of_version(found)

    def _of_version(self, found: QuerySet[Drawing]) -> QuerySet[Drawing]:
        if self.version is None:
            return found
        first = Prediction.objects.filter(drawing=OuterRef("pk")).order_by("id")
        return found.alias(asked=Subquery(first.values("model_version__number")[:1])).filter(asked=self.version)


def _named() -> QuerySet[Correction]:
    return Correction.objects.current().filter(drawing=OuterRef("pk"), label__isnull=False)


def _decisions() -> ReviewQuerySet:
    """On what its author says now."""
    return Review.objects.current().filter(
        correction__drawing=OuterRef("pk"),
        correction__replaced_by__replaces__isnull=True,
        correction__label__isnull=False,
    )


def _labelled(slug: str) -> Q:
    approving = _decisions().approving()
    return Q(Exists(approving.filter(label__slug=slug))) | Q(Exists(_named().filter(label__slug=slug))) & ~Q(
        Exists(approving)
    )


def _status(status: str) -> Q:
    if status == UNNAMED:
        return ~Q(Exists(_named()))
    if status == UNDECIDED:
        return Q(Exists(_named())) & ~Q(Exists(_decisions().filter(decision__in=DECIDED)))
    return Q(Exists(_decisions().filter(decision=status)))


def _any(questions: Iterable[Q]) -> Q:
    every = Q()
    for question in questions:
        every |= question
    return every


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _text(said: Mapping[str, Any], key: str) -> str:
    return str(said.get(key) or "").strip()


def _statuses(said: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(said))
    for each in chosen:
        _check_known("status", each, STATUSES)
    return chosen


def _day(form: Mapping[str, Any], field: str) -> date | None:
    said = _text(form, field)
    try:
        day = date.fromisoformat(said) if said else None
    except ValueError as error:
        text = _("%(value)s is no day. Write it as 2026-11-21.")
        raise FilterError(text % {"value": repr(said[:40])}, field) from error
    if day and not 1900 <= day.year <= 9000:
        text = _("The year %(year)d cannot be meant. Write a day as 2026-11-21.")
        raise FilterError(text % {"year": day.year}, field)
    return day


def _number(said: str) -> int | None:
    if said and not (said.isascii() and said.isdecimal() and 0 < int(said[:12]) <= MAX_VERSION_NUMBER):
        text = _("A version is a number, like 3, not %(value)s.")
        raise FilterError(text % {"value": repr(said[:40])}, "version")
    return int(said) if said else None


def _check_known(what: str, value: str, known: Iterable[str]) -> None:
    names = list(known)
    if value not in names:
        text = _("There is no %(what)s %(value)s. There are: %(known)s.")
        raise FilterError(text % {"what": what, "value": repr(value[:60]), "known": ", ".join(names) or "none"}, what)
