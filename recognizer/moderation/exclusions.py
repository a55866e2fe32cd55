"""Excluding authors: nothing they drew is used for training any more, and what follows for the models.

Nothing is deleted. The drawings of excluded authors, also later ones, leave the review queue, snapshots, counts and
exports, because each of these asks `accounts.people.may_train`. The authors can go on drawing and keep their personal
memory. Training runs that use their drawings are cancelled. Versions that were trained on them stay until somebody
trains a new one or rolls back (see `find_remedies`). An exclusion can be lifted.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, lock_person
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

EXCLUDED, LIFTED = "author.set-aside", "author.taken-back"


class ExclusionError(RuntimeError):
    """The author cannot be excluded or readmitted. The text says why."""


@dataclass(frozen=True)
class TrainedVersion:
    """A version that was trained on drawings of these authors."""

    version: ModelVersion
    drawings: int
    is_live: bool


@dataclass(frozen=True)
class ExclusionImpact:
    """What excluding these authors changes."""

    drawings: int
    approved: int  # of them
    waiting: int  # of them, for a review
    trained_on: int  # of them, by any version
    versions: list[TrainedVersion]
    running: list[TrainingRun]  # that use them


@dataclass(frozen=True)
class ExclusionRemedy:
    """A recognizer whose live version was trained on drawings of excluded authors, and what can be done."""

    recognizer: Recognizer
    promotion: Promotion  # of the live version
    run: TrainingRun | None  # an open run
    fallback: ModelVersion | None  # the newest earlier version that was live and not trained on any of them


def exclude_author(*, author: int, by: User, reason: str) -> AuthorExclusion:
    """Exclude an author, and cancel the runs that use their drawings. Raises ExclusionError."""
    impact = impact_of([author])
    with transaction.atomic():
        person = _person(author)
        if person == by:
            raise ExclusionError(_("You cannot exclude yourself. Delete the drawings that must not be used."))
        if person.set_aside:
            raise ExclusionError(_("This author is excluded already."))
        made = _append(person, by=by, aside=True, reason=reason)
        detail = {"reason": reason, "drawings": impact.drawings, "taught": impact.trained_on}
        versions = [f"{each.version.recognizer.slug} version {each.version.number}" for each in impact.versions]
        audit.note(by=by, what=EXCLUDED, subject=audit.name_of(person), detail=detail | {"versions": versions})
        for run in runs_using([author]):
            with suppress(training.ClosedRunError):
                training.cancel_run(run=run, by=by)
    return made


def lift_exclusion(*, exclusion: AuthorExclusion, by: User) -> AuthorExclusion:
    """Allow training on the approved drawings of this author again. Raises ExclusionError."""
    with transaction.atomic():
        person = _person(exclusion.author_id)
        if not AuthorExclusion.objects.current().filter(pk=exclusion.pk).exists():
            raise ExclusionError(_("This exclusion was lifted already."))
        if person == by:
            raise ExclusionError(_("You cannot lift your own exclusion. Ask another reviewer."))
        made = _append(person, by=by, aside=False, reason="")
        subject = audit.name_of(person)
        audit.note(by=by, what=LIFTED, subject=subject, undoes=audit.newest_entry(what=EXCLUDED, subject=subject))
    return made


def _person(author: int) -> User:
    person = lock_person(author)
    if person is None:
        raise ExclusionError(_("This author has deleted their account and all their drawings."))
    return person


def _append(person: User, *, by: User, aside: bool, reason: str) -> AuthorExclusion:
    last = AuthorExclusion.objects.newest().filter(author=person).first()
    User.objects.filter(pk=person.pk).update(set_aside=aside)
    counts.request_recount()
    return AuthorExclusion.objects.create(author=person, by=by, aside=aside, reason=reason, replaces=last)


def impact_of(authors: Collection[int]) -> ExclusionImpact:
    """The drawings of these authors, and where they were used. A fixed number of queries."""
    theirs = Drawing.objects.filter(author__in=authors)
    approving = Review.objects.approving().filter(correction__drawing__author__in=authors)
    studied = _studied(authors)
    return ExclusionImpact(
        drawings=theirs.count(),
        approved=approving.filter(correction__replaced_by__replaces__isnull=True).count(),
        waiting=QueueEntry.objects.waiting().filter(author__in=authors).count(),
        trained_on=studied.filter(run__version__isnull=False).aggregate(n=Count("drawing", distinct=True))["n"],
        versions=_versions(studied),
        running=list(runs_using(authors)),
    )


def _studied(authors: Collection[int]) -> QuerySet[SnapshotItem]:
    return SnapshotItem.objects.filter(part=SnapshotItem.Part.STUDY, drawing__author__in=authors)


def runs_using(authors: Collection[int]) -> QuerySet[TrainingRun]:
    """Open training runs that use drawings of these authors."""
    return TrainingRun.objects.open().filter(Exists(_studied(authors).filter(run=OuterRef("pk")))).defer("log")


def _versions(studied: QuerySet[SnapshotItem]) -> list[TrainedVersion]:
    """By recognizer, the newest version first."""
    found = studied.filter(run__version__isnull=False).values_list("run__version").annotate(count=Count("pk"))
    drawings: dict[int, int] = dict(found.order_by())
    live = set(_live_promotions().values_list("model_version", flat=True)) if drawings else set()
    versions = ModelVersion.objects.light().filter(pk__in=drawings).select_related("recognizer")
    return [
        TrainedVersion(version, drawings[version.pk], version.pk in live)
        for version in versions.order_by("recognizer", "-number")
    ]


def _live_promotions() -> QuerySet[Promotion]:
    """The newest promotion of each recognizer."""
    return Promotion.objects.filter(replaced_by__replaces__isnull=True)


def find_remedies() -> list[ExclusionRemedy]:
    """The recognizers whose live version was trained on drawings of excluded authors."""
    excluded = SnapshotItem.objects.filter(part=SnapshotItem.Part.STUDY, drawing__author__set_aside=True)
    affected = _live_promotions().filter(Exists(excluded.filter(run__version=OuterRef("model_version"))))
    found = affected.select_related("recognizer", "model_version").defer(*heavy_fields("model_version"))
    remedies = []
    for promotion in found.order_by("recognizer"):
        versions = promotion.recognizer.versions.light().filter(~Exists(excluded.filter(run__version=OuterRef("pk"))))
        earlier = versions.filter(promotions__isnull=False, number__lt=promotion.model_version.number)
        run = promotion.recognizer.training_runs.open().defer("log").first()
        fallback = earlier.order_by("-number").first()
        remedies.append(ExclusionRemedy(promotion.recognizer, promotion, run, fallback))
    return remedies


def retrain_without_excluded(*, by: User) -> list[TrainingRun]:
    """Start a run for each recognizer of `find_remedies` without an open one. Returns the new runs."""
    trigger, started = _("Without excluded authors."), []
    for remedy in find_remedies():
        if remedy.run is None:
            with suppress(training.OpenRunError):
                started.append(training.start_run(recognizer=remedy.recognizer, trigger=trigger, by=by))
    return started


def current_exclusions() -> QuerySet[AuthorExclusion]:
    """The exclusions in force, the newest first, with the number of drawings of the author as `drawn`."""
    drawn = Count("author__drawings")
    return AuthorExclusion.objects.current().select_related("by").annotate(drawn=drawn).order_by("-pk")


def state_of(exclusion: AuthorExclusion) -> dict[str, Any]:
    """Whether the exclusion is in force, and the row that replaced it, if any."""
    later = AuthorExclusion.objects.filter(replaces=exclusion).select_related("by").first()
    return {"holds": later is None and exclusion.aside, "later": later}
