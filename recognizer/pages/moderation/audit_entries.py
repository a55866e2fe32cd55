"""Reads the audit log and the decisions of reviewers for the audit pages.

The database already has a row for each decision (`Review`), and there are thousands of them for each other entry. So
they have a page of their own, which reads these rows, instead of a second row in the audit log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from recognizer.models import Review
from recognizer.pages.query import IdField, QueryForm

PAGE_SIZE = 50
EARLIEST, LATEST = date(1900, 1, 1), date(9000, 12, 31)
ACTIONS = {
    "author.set-aside": _("excluded an author"),
    "author.taken-back": _("lifted an exclusion"),
    "backup.made": _("backed up the database"),
    "backup.restored": _("restored a backup"),
    "base-data.requested": _("started a download of base data"),
    "control.ended": _("removed a control drawing"),
    "control.marked": _("added a control drawing"),
    "correction.deleted": _("deleted a correction"),
    "dispute.settled": _("settled a dispute"),
    "drawing.deleted": _("deleted a drawing"),
    "export.downloaded": _("downloaded an export"),
    "export.made": _("created an export"),
    "group.changed": _("changed a group"),
    "group.deleted": _("deleted a group"),
    "import.made": _("imported drawings"),
    "key.made": _("created an API key"),
    "key.rate-changed": _("changed the rate of an API key"),
    "key.revoked": _("revoked an API key"),
    "key.used": _("used an API key for the first time that day"),
    "key.used-elsewhere": _("used an API key from another address"),
    "memory.deleted": _("cleared a personal memory"),
    "person.added": _("added a person"),
    "person.changed": _("changed the permissions of a person"),
    "person.deleted": _("deleted an account"),
    "person.left": _("deleted their own account"),
    "policy.changed": _("changed a policy"),
    "recognizer.changed": _("changed a recognizer"),
    "report.handled": _("closed a report"),
    "review.deleted": _("deleted a decision"),
    "run.cancelled": _("cancelled a training run"),
    "run.started": _("started a training run"),
    "second-factor.removed": _("removed a second factor"),
    "version.promoted": _("promoted a version"),
    "version.rolled-back": _("rolled back to a version"),
    "webhook.deleted": _("deleted a webhook"),
    "webhook.made": _("created a webhook"),
    "webhook.renewed": _("replaced the secret of a webhook"),
}


class AuditFilter(QueryForm):
    """The filter in the address of an audit page."""

    what = forms.CharField(required=False, max_length=40)
    person = IdField()  # who did it
    about = IdField()  # a person to whom it happened
    day = forms.DateField(
        required=False, input_formats=["%Y-%m-%d"], validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    )
    below = IdField()  # only entries older than this one
    entry = IdField()  # only this entry

    @property
    def query(self) -> str:
        """The query string for the link to older entries."""
        return urlencode({name: self.values[name] for name in ("what", "person", "about", "day") if self.values[name]})

    @property
    def is_active(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.query or self.values["entry"])


@dataclass(frozen=True)
class PersonName:
    """How the audit log names a person. The address is empty for readers who may not see people."""

    number: int
    address: str = ""
    here: bool = False  # they have an account


class EntryDetail(NamedTuple):
    """One detail of an entry, as texts."""

    name: str
    value: str
    before: str | None  # None where the entry does not change a value


@dataclass(frozen=True)
class AuditLine:
    """One entry as the page shows it."""

    entry: AuditEntry
    actor: PersonName | None  # None: the site itself
    subject: PersonName | None  # None where it did not happen to a person
    link: str  # to the page of the subject, if it has one

    @property
    def action(self) -> Any:
        """What happened, in words."""
        return ACTIONS.get(self.entry.what, self.entry.what)

    @property
    def details(self) -> list[EntryDetail]:
        """The details, sorted by name."""
        found = []
        for name, value in sorted(self.entry.detail.items()):
            changed = isinstance(value, list) and len(value) == 2 and self.entry.what.endswith("changed")
            before, after = value if changed else (None, value)
            detail = EntryDetail(name.replace("_", " "), _text_of(after), _text_of(before) if changed else None)
            found += [detail] if detail.value or detail.before else []
        return found


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list) and value:
        return ", ".join(map(_text_of, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text_of(each)}" for name, each in value.items())
    return "–" if value in (None, "", []) else str(value)


def audit_entries(filters: AuditFilter) -> list[AuditEntry]:
    """The newest entries first, one more than a page shows. One query, along an index."""
    given = filters.values
    wanted = {
        "what": given["what"],
        "pk": given["entry"],
        "actor": f"person {given['person']}" if given["person"] else "",
        "subject": f"person {given['about']}" if given["about"] else "",
    }
    found = AuditEntry.objects.filter(**{name: value for name, value in wanted.items() if value})
    return _page(found.select_related("by", "undone_by"), given, "when")


def review_decisions(filters: AuditFilter) -> list[Review]:
    """The newest decisions of reviewers first, one more than a page shows. One query."""
    given = filters.values
    found = Review.objects.select_related("by", "label", "correction__label", "replaced_by__by", "replaces")
    if given["person"]:
        found = found.filter(by=given["person"])
    if given["what"] in Review.Decision.values:
        found = found.filter(decision=given["what"])
    return _page(found, given, "created")


def _page(rows: QuerySet[Any], given: dict[str, Any], when: str) -> list[Any]:
    if given["day"]:
        begin = timezone.make_aware(datetime.combine(given["day"], time.min))
        rows = rows.filter(**{f"{when}__gte": begin, f"{when}__lt": begin + timedelta(days=1)})
    if given["below"]:
        rows = rows.filter(pk__lt=given["below"])
    return list(rows.order_by("-pk")[: PAGE_SIZE + 1])


def audit_lines(entries: Sequence[AuditEntry], *, sees_people: bool) -> list[AuditLine]:
    """The lines of these entries. One query, for the people to whom something happened."""
    subjects = {number for each in entries if (number := _person_number(each.subject)) is not None}
    people = {each.pk: each for each in User.objects.filter(pk__in=subjects)}
    people |= {each.by.pk: each.by for each in entries if each.by}

    def name_of(text: str) -> PersonName | None:
        number = _person_number(text)
        if number is None or number not in people:
            return PersonName(number) if number is not None else None
        return PersonName(number, address=people[number].email if sees_people else "", here=True)

    return [AuditLine(each, name_of(each.actor), name_of(each.subject), _link(each.subject)) for each in entries]


def _person_number(text: str) -> int | None:
    """The number in "person 7"; None for anything else."""
    noun, _space, number = text.partition(" ")
    return int(number) if noun == "person" and number.isdecimal() else None


def _link(subject: str) -> str:
    match subject.split(" "):
        case ["run", number] if number.isdecimal():
            return reverse("run", args=[int(number)])
        case [slug, "version", number]:
            return f"{reverse('progress')}?{urlencode({'recognizer': slug})}#v{number}"
        case ["report", _number]:
            return f"{reverse('reports')}?handled"
    return ""
