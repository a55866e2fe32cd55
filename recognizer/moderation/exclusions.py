"""Setting aside: everything that one author drew teaches nobody else any more, and what follows for the models.

Nothing is deleted. Their drawings leave the queue, snapshots, counts and exports, for each of these asks
`accounts.people.may_train`; so does whatever they draw from then on. They themselves go on as before, with a
memory that is theirs alone. Runs that are learning from them are stopped; versions that did learn from them stay
until somebody teaches a new one or goes back (`remedies`). All of it can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts import audit, people
from accounts.models import User
from recognizer import training
from recognizer.insights import counts
from recognizer.models import (
    AuthorExclusion,
    Drawing,
    ModelVersion,
    Promotion,
    QueueEntry,
    Recognizer,
    Review,
    SnapshotItem,
    TrainingRun,
)
from recognizer.models.model_version import heavy_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

EXCLUDED, LIFTED = "author.set-aside", "author.taken-back"


class ExclusionError(RuntimeError):
    """It cannot be done; the text says why."""


@dataclass(frozen=True)
class TrainedVersion:
    """A version that learned from somebody's drawings."""

    version: ModelVersion
    drawings: int
    active: bool  # it is the one that answers


@dataclass(frozen=True)
class ExclusionImpact:
    """What setting authors aside takes out."""

    drawings: int
    approved: int  # of them, that teach the next version
    waiting: int  # of them, that wait for a reviewer
    taught: int  # of them, that some version learned from
    versions: list[TrainedVersion]
    running: list[TrainingRun]  # that are learning from them now


@dataclass(frozen=True)
class ExclusionRemedy:
    """A recognizer whose active version learned from authors who are set aside, and what can be done."""

    recognizer: Recognizer
    active: Promotion
    run: TrainingRun | None  # that teaches the next version already
    fallback: ModelVersion | None  # the newest that answered once and did not learn from any of them


def exclude_author(*, author: int, by: User, reason: str) -> AuthorExclusion:
    """From now on nothing by this person teaches anybody else. Raises SetAsideError."""
    known = impact_of([author])
    with transaction.atomic():
        person = _person(author)
        if person == by:
            raise ExclusionError(_("These are your own drawings. Delete what must not teach."))
        if person.set_aside:
            raise ExclusionError(_("Everything by this author is set aside already."))
        made = _append(person, by=by, aside=True, reason=reason)
        detail = {"reason": reason, "drawings": known.drawings, "taught": known.taught}
        versions = [f"{each.version.recognizer.slug} version {each.version.number}" for each in known.versions]
        audit.note(by=by, what=EXCLUDED, subject=audit.name_of(person), detail=detail | {"versions": versions})
        for run in runs_using([author]):
            with suppress(training.ClosedRunError):
                training.cancel_run(run=run, by=by)
    return made


def lift_exclusion(*, aside: AuthorExclusion, by: User) -> AuthorExclusion:
    """It may teach again, as far as it was approved. Raises SetAsideError."""
    with transaction.atomic():
        person = _person(aside.author_id)
        if not AuthorExclusion.objects.current().filter(pk=aside.pk).exists():
            raise ExclusionError(_("This was taken back already."))
        if person == by:
            raise ExclusionError(_("These are your own drawings. Ask another reviewer."))
        made = _append(person, by=by, aside=False, reason="")
        subject = audit.name_of(person)
        audit.note(by=by, what=LIFTED, subject=subject, undoes=audit.newest_entry(what=EXCLUDED, subject=subject))
    return made


def _person(author: int) -> User:
    person = people.lock_person(author)
    if person is None:
        raise ExclusionError(_("This author has left, and taken everything along."))
    return person


def _append(person: User, *, by: User, aside: bool, reason: str) -> AuthorExclusion:
    last = AuthorExclusion.objects.newest().filter(author=person).first()
    User.objects.filter(pk=person.pk).update(set_aside=aside)
    counts.request_recount()
    return AuthorExclusion.objects.create(author=person, by=by, aside=aside, reason=reason, replaces=last)


def impact_of(authors: Collection[int]) -> ExclusionImpact:
    """What they drew and what it did. A fixed number of queries."""
    theirs = Drawing.objects.filter(author__in=authors)
    approving = Review.objects.approving().filter(correction__drawing__author__in=authors)
    studied = _studied(authors)
    return ExclusionImpact(
        drawings=theirs.count(),
        approved=approving.filter(correction__replaced_by__replaces__isnull=True).count(),
        waiting=QueueEntry.objects.waiting().filter(author__in=authors).count(),
        taught=studied.filter(run__version__isnull=False).aggregate(n=Count("drawing", distinct=True))["n"],
        versions=_versions(studied),
        running=list(runs_using(authors)),
    )


def _studied(authors: Collection[int]) -> QuerySet[SnapshotItem]:
    return SnapshotItem.objects.filter(part=SnapshotItem.Part.STUDY, drawing__author__in=authors)


def runs_using(authors: Collection[int]) -> QuerySet[TrainingRun]:
    """Open runs that took drawings of theirs."""
    return TrainingRun.objects.open().filter(Exists(_studied(authors).filter(run=OuterRef("pk")))).defer("log")


def _versions(studied: QuerySet[SnapshotItem]) -> list[TrainedVersion]:
    """The newest first."""
    found = studied.filter(run__version__isnull=False).values_list("run__version").annotate(count=Count("pk"))
    counts: dict[int, int] = dict(found.order_by())
    active = set(_active().values_list("model_version", flat=True)) if counts else set()
    versions = light_versions().filter(pk__in=counts).select_related("recognizer").order_by("recognizer", "-number")
    return [TrainedVersion(version, counts[version.pk], version.pk in active) for version in versions]


def light_versions() -> QuerySet[ModelVersion]:
    """Versions without their weights."""
    return ModelVersion.objects.light()


def _active() -> QuerySet[Promotion]:
    """The newest promotion of each recognizer."""
    return Promotion.objects.filter(replaced_by__replaces__isnull=True)


def find_remedies() -> list[ExclusionRemedy]:
    """Recognizers that still answer by what authors taught who are set aside now."""
    spoiled = _spoiled()
    heavy = heavy_fields("model_version")
    active = _active().filter(Exists(spoiled.filter(run__version=OuterRef("model_version"))))
    found = active.select_related("recognizer", "model_version").defer(*heavy).order_by("recognizer")
    return [_remedy(promotion) for promotion in found]


def _spoiled() -> QuerySet[SnapshotItem]:
    return SnapshotItem.objects.filter(part=SnapshotItem.Part.STUDY, drawing__author__set_aside=True)


def _remedy(active: Promotion) -> ExclusionRemedy:
    recognizer = active.recognizer
    clean = light_versions().filter(~Exists(_spoiled().filter(run__version=OuterRef("pk"))), recognizer=recognizer)
    before = clean.filter(promotions__isnull=False, number__lt=active.model_version.number)
    run = recognizer.training_runs.open().defer("log").first()
    return ExclusionRemedy(recognizer, active, run, fallback=before.order_by("-number").first())


def retrain_without_excluded(*, by: User) -> list[TrainingRun]:
    """Open a run for each recognizer of `remedies` that has none open; returns them."""
    return [run for remedy in find_remedies() if remedy.run is None for run in _taught_anew(remedy.recognizer, by)]


def _taught_anew(recognizer: Recognizer, by: User) -> Iterable[TrainingRun]:
    with suppress(training.OpenRunError):
        yield training.start_run(recognizer=recognizer, trigger=_("Without authors who were set aside."), by=by)


def current_exclusions() -> QuerySet[AuthorExclusion]:
    """Those that hold, the newest first, with what a list shows of them."""
    drawn = Count("author__drawings")
    return AuthorExclusion.objects.current().select_related("by").annotate(drawn=drawn).order_by("-pk")


def state_of(aside: AuthorExclusion) -> dict[str, Any]:
    """What became of it: whether it holds, and what took it back."""
    later = AuthorExclusion.objects.filter(replaces=aside).select_related("by").first()
    return {"holds": later is None and aside.aside, "later": later}
