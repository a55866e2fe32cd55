"""Live: what people say to the answers they got; and taking back a version that they overrule more."""

from __future__ import annotations

import logging
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from ml.statistics import fisher_exact
from recognizer.models import Confusion, ModelVersion, Policy, Prediction, Promotion, Recognizer
from recognizer.models.prediction import ANSWERED
from recognizer.registry import promotions

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

MIN_ANSWERS = 50  # answers of each version that their authors have confirmed or corrected
MAX_ANSWERS_PER_PERSON = 10  # answers of one version that one person can speak for
MAX_P_VALUE = 0.01  # one-sided; stricter than usual, because the tick looks again and again
OWN_ANSWERS = 100  # of one's own answers, the newest, that `own_rate` looks at


class LiveAccuracy(NamedTuple):
    """Live answers that their authors confirmed or corrected, and how many of them were right."""

    answers: int
    alone: int  # as the model alone said it
    personal: int  # as people got it, some of them with their memory

    @property
    def alone_share(self) -> float:
        """Of right answers of the model alone; only where there are answers."""
        return self.alone / self.answers

    @property
    def personal_share(self) -> float:
        """Of right answers as people got them; only where there are answers."""
        return self.personal / self.answers


def correction_rates(recognizer: Recognizer) -> dict[int, tuple[int, int]]:
    """By a version's number: how many of its live answers were confirmed or corrected, and how many corrected.

    A live answer is the first one that a drawing got; what newer versions say about it later does not count.
    """
    return _count(_counting().filter(model_version__recognizer=recognizer))


def _counting() -> QuerySet[Prediction]:
    """Those of people who were set aside say nothing about a version."""
    return _live_answers().filter(drawing__author__set_aside=False)


def _live_answers() -> QuerySet[Prediction]:
    earlier = Prediction.objects.filter(drawing=OuterRef("drawing"), id__lt=OuterRef("id"))
    return Prediction.objects.filter(~Exists(earlier))


def _count(answers: QuerySet[Prediction], *, most: float = inf) -> dict[int, tuple[int, int]]:
    """In one query. Nobody speaks for more than `most` answers of a version."""
    rows = (
        _judged(answers)
        .values("model_version__number", "drawing__author")
        .annotate(answers=Count("pk"), agreed=Count("pk", filter=Q(said=F("label"))))
        .values_list("model_version__number", "answers", "agreed")
    )
    totals: dict[int, tuple[float, float]] = {}
    for number, given, agreed in rows.order_by():
        share = min(1.0, most / given)
        before = totals.get(number, (0.0, 0.0))
        totals[number] = (before[0] + given * share, before[1] + (given - agreed) * share)
    return {number: (round(given), round(corrected)) for number, (given, corrected) in totals.items()}


def _judged(answers: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """Those whose author says what the drawing is, and what that is as `said`."""
    standing = answers.filter(
        drawing__corrections__replaced_by__replaces__isnull=True, drawing__corrections__label__isnull=False
    )
    return standing.annotate(said=F("drawing__corrections__label"))


def count_live_accuracy() -> dict[int, LiveAccuracy]:
    """By a version's id: its live answers, judged as the model's alone and as people got them.

    One query that reads all answers: the background asks it, pages read what that kept (`personal_rates`).
    """
    rows = (
        _judged(_counting())
        .values("model_version")
        .annotate(
            judged=Count("pk"), alone=Count("pk", filter=Q(said=F("label"))), got=Count("pk", filter=Q(said=ANSWERED))
        )
    )
    found = rows.values_list("model_version", "judged", "alone", "got").order_by()
    return {version: LiveAccuracy(*counts) for version, *counts in found}


def live_accuracy(recognizer: Recognizer) -> dict[int, LiveAccuracy]:
    """The same by a version's number, as it was counted last (`label_checks.count`). One small query."""
    kept = Confusion.objects.filter(version__recognizer=recognizer, judged__gt=0)
    found = kept.values_list("version__number", "judged", "right_alone", "right_personal")
    return {number: LiveAccuracy(*counts) for number, *counts in found}


def own_accuracy(*, person: User, recognizer: Recognizer) -> LiveAccuracy:
    """The last answers that this person confirmed or corrected. One query."""
    answers = _judged(_live_answers().filter(drawing__author=person, drawing__recognizer=recognizer))
    rows = list(answers.order_by("-drawing").values_list(F("said"), "label", ANSWERED)[:OWN_ANSWERS])
    alone, personal = (sum(row[0] == row[column] for row in rows) for column in (1, 2))
    return LiveAccuracy(len(rows), alone, personal)


def roll_back_if_worse(recognizer: Recognizer) -> Promotion | None:
    """Let the version before answer again if people overrule the active one clearly more; None if they do not.

    A version is taken back in this way once: if somebody promotes it again, that person decides.
    """
    newest, before = promotions.newest(recognizer.pk), promotions.version_before(recognizer)
    policy = Policy.objects.filter(recognizer=recognizer).first() or Policy()
    if newest is None or before is None or not policy.auto_rollback or _was_taken_back(newest.model_version_id):
        return None
    active = newest.model_version_id
    rates = _count(_counting().filter(model_version__in=[active, before.pk]), most=MAX_ANSWERS_PER_PERSON)
    number = ModelVersion.objects.values_list("number", flat=True).get(pk=active)
    now, then = rates.get(number, (0, 0)), rates.get(before.number, (0, 0))
    if not is_clearly_worse(now, then, policy.rollback_margin):
        return None
    reason = f"People correct {_share(now)} of its answers, and {_share(then)} of those of {before}."
    try:
        promotion = promotions.promote(version=before, replaces=newest, reason=reason)
    except promotions.StalePromotionError:
        return None
    logger.warning("%s was rolled back from version %d: %s", recognizer.slug, number, reason)
    return promotion


def _was_taken_back(version: int) -> bool:
    """By this module: nobody made the promotion that followed, and it went to a version from before."""
    later = Promotion.objects.filter(replaces__model_version=version, by__isnull=True)
    return later.filter(model_version__number__lt=F("replaces__model_version__number")).exists()


def is_clearly_worse(now: tuple[int, int], then: tuple[int, int], margin: float) -> bool:
    """Whether the share of corrected answers rose by more than `margin`, and by more than chance explains.

    `now` and `then` are (answers, corrected); with fewer than 50 answers on either side nothing is clear.
    """
    if min(now[0], then[0]) < MIN_ANSWERS or now[1] / now[0] - then[1] / then[0] <= margin:
        return False
    return fisher_exact(now, then) < MAX_P_VALUE


def _share(counts: tuple[int, int]) -> str:
    return f"{counts[1] / counts[0]:.1%}"
