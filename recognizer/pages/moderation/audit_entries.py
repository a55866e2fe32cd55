"""The ledger: the audit log and the decisions of the reviewers, as the staff read them.

Decisions are facts already (`Review`), and there are thousands of them for each other entry: they have a page of their
own, read from the facts, instead of being written a second time on the quickest way of the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from recognizer.models import Review

PAGE_SIZE = 50
LARGEST = 2**31 - 1
WORDS = {
    "author.set-aside": _("set an author aside"),
    "author.taken-back": _("let an author teach again"),
    "control.ended": _("ended a control drawing"),
    "control.marked": _("made a control drawing"),
    "correction.deleted": _("deleted a correction"),
    "dispute.settled": _("settled a dispute"),
    "drawing.deleted": _("deleted a drawing"),
    "export.downloaded": _("downloaded an export"),
    "export.made": _("asked for an export"),
    "group.changed": _("changed a group"),
    "group.deleted": _("deleted a group"),
    "import.made": _("brought drawings in"),
    "key.made": _("made an API key"),
    "key.rate-changed": _("gave an API key another rate"),
    "key.revoked": _("revoked an API key"),
    "key.used": _("used an API key for the first time that day"),
    "key.used-elsewhere": _("used an API key from another address"),
    "memory.deleted": _("emptied a memory"),
    "person.added": _("added a person"),
    "person.changed": _("changed what a person may do"),
    "person.deleted": _("deleted an account"),
    "person.left": _("left"),
    "policy.changed": _("changed a policy"),
    "recognizer.changed": _("changed a recognizer"),
    "report.handled": _("handled a report"),
    "review.deleted": _("deleted a decision"),
    "run.cancelled": _("cancelled a training run"),
    "run.started": _("started a training run"),
    "second-factor.removed": _("took a second factor away"),
    "version.promoted": _("let a version answer"),
    "version.rolled-back": _("went back to a version"),
    "webhook.deleted": _("deleted a webhook"),
    "webhook.made": _("made a webhook"),
    "webhook.renewed": _("gave a webhook another secret"),
}


@dataclass(frozen=True)
class Asked:
    """What of the log is wanted, as the address says it; what cannot be meant counts as nothing asked."""

    what: str = ""
    person: int | None = None  # who did it
    about: int | None = None  # a person to whom it happened
    day: date | None = None
    below: int | None = None  # entries older than this one
    entry: int | None = None  # this one alone

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> Asked:
        """From the address."""
        numbers = {name: _number(query.get(name)) for name in ("person", "about", "below", "entry")}
        return cls(what=str(query.get("what", ""))[:40], day=_day(query.get("day")), **numbers)

    @property
    def query(self) -> str:
        """For the link to older entries."""
        said = {"what": self.what, "person": self.person, "about": self.about, "day": self.day}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.query or self.entry)


@dataclass(frozen=True)
class Name:
    """A person as the log names them: with an address as long as they are here and whoever reads may see people."""

    number: int
    address: str = ""
    here: bool = False


@dataclass(frozen=True)
class Line:
    """One entry as a page shows it."""

    entry: AuditEntry
    actor: Name | None  # None: the site by itself
    subject: Name | None  # where it happened to a person
    link: str  # to what it happened to, if that has a page

    @property
    def words(self) -> Any:
        """What happened."""
        return WORDS.get(self.entry.what, self.entry.what)

    @property
    def details(self) -> list[tuple[str, str, str | None]]:
        """Name, value, and what it is instead where the entry says how it was before."""
        found = []
        for name, value in sorted(self.entry.detail.items()):
            changed = isinstance(value, list) and len(value) == 2 and self.entry.what.endswith("changed")
            before, after = (value[0], _said(value[1])) if changed else (value, None)
            found.append((name.replace("_", " "), _said(before), after))
        return [each for each in found if each[1] or each[2]]

    @property
    def undone_by(self) -> AuditEntry | None:
        """The entry that undid this one."""
        return getattr(self.entry, "undone_by", None)


def _said(value: Any) -> str:
    if isinstance(value, list) and value:
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_said(each)}" for name, each in value.items())
    return "–" if value in (None, "", []) else str(value)


def entries(asked: Asked) -> list[AuditEntry]:
    """The newest first, one more than a page shows. One query, along an index."""
    found = AuditEntry.objects.select_related("by", "undone_by")
    known = {"what": asked.what, "pk": asked.entry}
    found = found.filter(**{name: value for name, value in known.items() if value})
    if asked.person is not None:
        found = found.filter(actor=f"person {asked.person}")
    if asked.about is not None:
        found = found.filter(subject=f"person {asked.about}")
    return list(_of_page(found, asked, "when"))


def _of_page(rows: QuerySet[Any], asked: Asked, when: str) -> QuerySet[Any]:
    if asked.day:
        begin = timezone.make_aware(datetime.combine(asked.day, time.min))
        rows = rows.filter(**{f"{when}__gte": begin, f"{when}__lt": begin + timedelta(days=1)})
    if asked.below:
        rows = rows.filter(pk__lt=asked.below)
    return rows.order_by("-pk")[: PAGE_SIZE + 1]


def lines(page: Iterable[AuditEntry], *, sees_people: bool) -> list[Line]:
    """As a page shows them; one query for the people to whom something happened."""
    shown = list(page)
    subjects = {number for each in shown if (number := _person(each.subject)) is not None}
    known = {each.pk: each for each in User.objects.filter(pk__in=subjects)}
    known |= {each.by.pk: each.by for each in shown if each.by}

    def name(said: str) -> Name | None:
        number = _person(said)
        person = known.get(number) if number is not None else None
        if number is None or person is None:
            return Name(number) if number is not None else None
        return replace(Name(number, here=True), address=person.email if sees_people else "")

    return [Line(each, name(each.actor), name(each.subject), _link(each.subject)) for each in shown]


def _person(said: str) -> int | None:
    noun, _space, number = said.partition(" ")
    return int(number) if noun == "person" and number.isdecimal() else None


def _link(subject: str) -> str:
    """Where what it happened to can be looked at."""
    words = subject.split(" ")
    match words:
        case ["run", number] if number.isdecimal():
            return reverse("run", args=[int(number)])
        case [slug, "version", number]:
            return f"{reverse('progress')}?{urlencode({'recognizer': slug})}#v{number}"
        case ["report", _number]:
            return f"{reverse('reports')}?handled"
    return ""


def decisions(asked: Asked) -> list[Review]:
    """What reviewers decided, the newest first, one more than a page shows. One query."""
    found = Review.objects.select_related("by", "label", "correction__label", "replaced_by__by", "replaces")
    if asked.person is not None:
        found = found.filter(by=asked.person)
    if asked.what in Review.Decision.values:
        found = found.filter(decision=asked.what)
    return list(_of_page(found, asked, "created"))


def _number(said: Any) -> int | None:
    found = int(said) if isinstance(said, str) and said.isascii() and said.isdecimal() and len(said) < 12 else -1
    return found if 0 < found <= LARGEST else None


def _day(said: Any) -> date | None:
    try:
        day = date.fromisoformat(str(said or ""))
    except ValueError:
        return None
    return day if 1900 <= day.year <= 9000 else None
