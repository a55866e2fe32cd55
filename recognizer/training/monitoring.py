"""Accuracy of live answers as their authors judge them, and the automatic rollback of a version that gets worse."""

from __future__ import annotations

import logging
from typing import NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from ml.statistics import fisher_exact, floor_percent
from recognizer.models import Confusion, ModelVersion, Policy, Prediction, Promotion, Recognizer
from recognizer.models.prediction import ANSWERED
from recognizer.registry import promotions

logger = logging.getLogger(__name__)

MIN_ANSWERS = 50  # of each version, confirmed or corrected by their authors
MAX_ANSWERS_PER_PERSON = 10  # of one version, so that nobody decides alone
MAX_P_VALUE = 0.01  # one-sided; stricter than usual, because the test is repeated at every tick
OWN_ANSWERS = 100  # the newest answers that `own_accuracy` counts


class LiveAccuracy(NamedTuple):
    """How many live answers were confirmed or corrected by their authors, and how many of those were right."""

    answers: int
    alone: int  # right, as the model alone answered
    personal: int  # right, as people got the answer, some of them adjusted by their personal memory

    @property
    def alone_share(self) -> float:
        """Share of right answers of the model alone. Needs at least one answer."""
        return self.alone / self.answers

    @property
    def personal_share(self) -> float:
        """Share of right answers as people got them. Needs at least one answer."""
        return self.personal / self.answers


def _live_answers() -> QuerySet[Prediction]:
    """The first answer to each drawing. What newer versions answer later is not live."""
    earlier = Prediction.objects.filter(drawing=OuterRef("drawing"), id__lt=OuterRef("id"))
    return Prediction.objects.filter(~Exists(earlier))


def _counted_answers() -> QuerySet[Prediction]:
    """Live answers without those to excluded authors."""
    return _live_answers().filter(drawing__author__set_aside=False)


def _judged(answers: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """The answers whose author says what the drawing is, with the id of that label as `said`.

    Not those of rounds: their label is what was asked for, and a hurried drawing does not judge a version.
    """
    current = answers.filter(
        drawing__corrections__replaced_by__replaces__isnull=True,
        drawing__corrections__label__isnull=False,
        drawing__corrections__origin="",
    )
    return current.annotate(said=F("drawing__corrections__label"))


def _count_corrections(versions: list[int]) -> dict[int, tuple[int, int]]:
    """By version id: (answers, corrected ones). One query. The weight of one person's answers is limited."""
    rows = (
        _judged(_counted_answers().filter(model_version__in=versions))
        .values("model_version", "drawing__author")
        .annotate(answers=Count("pk"), agreed=Count("pk", filter=Q(said=F("label"))))
        .values_list("model_version", "answers", "agreed")
    )
    totals: dict[int, tuple[float, float]] = {}
    for version, given, agreed in rows.order_by():
        weight = min(1.0, MAX_ANSWERS_PER_PERSON / given)
        answers, corrected = totals.get(version, (0.0, 0.0))
        totals[version] = (answers + given * weight, corrected + (given - agreed) * weight)
    return {version: (round(answers), round(corrected)) for version, (answers, corrected) in totals.items()}


def count_live_accuracy() -> dict[int, LiveAccuracy]:
    """By version id. One query that reads all answers: only for the background; pages use `live_accuracy`."""
    alone, personal = Count("pk", filter=Q(said=F("label"))), Count("pk", filter=Q(said=ANSWERED))
    answers = _judged(_counted_answers()).values("model_version")
    rows = answers.annotate(judged=Count("pk"), alone=alone, got=personal)
    found = rows.values_list("model_version", "judged", "alone", "got").order_by()
    return {version: LiveAccuracy(*counts) for version, *counts in found}


def live_accuracy(recognizer: Recognizer) -> dict[int, LiveAccuracy]:
    """By version number, as the background counted it last (see `insights.counts`). One small query."""
    counted = Confusion.objects.filter(version__recognizer=recognizer, judged__gt=0)
    found = counted.values_list("version__number", "judged", "right_alone", "right_personal")
    return {number: LiveAccuracy(*counts) for number, *counts in found}


def own_accuracy(*, person: User, recognizer: Recognizer) -> LiveAccuracy:
    """The newest answers that this person confirmed or corrected. One query."""
    answers = _judged(_live_answers().filter(drawing__author=person, drawing__recognizer=recognizer))
    rows = list(answers.order_by("-drawing").values_list(F("said"), "label", ANSWERED)[:OWN_ANSWERS])
    alone, personal = (sum(row[0] == row[column] for row in rows) for column in (1, 2))
    return LiveAccuracy(len(rows), alone, personal)


def roll_back_if_worse(recognizer: Recognizer) -> Promotion | None:
    """Promote the previous version if people correct the live one clearly more often. Returns that promotion, or None.

    A version is rolled back automatically only once: if somebody promotes it again, that person decides.
    """
    newest, previous = promotions.current_promotion(recognizer.pk), promotions.previous_version(recognizer)
    policy = Policy.objects.filter(recognizer=recognizer).first() or Policy()
    if newest is None or previous is None or not policy.auto_rollback:
        return None
    live = newest.model_version_id
    later = Promotion.objects.filter(replaces__model_version=live, by__isnull=True)
    if later.filter(model_version__number__lt=F("replaces__model_version__number")).exists():
        return None  # it was rolled back automatically before
    corrections = _count_corrections([live, previous.pk])
    now, then = corrections.get(live, (0, 0)), corrections.get(previous.pk, (0, 0))
    if not is_clearly_worse(now, then, policy.rollback_margin):
        return None
    now_share, then_share = floor_percent(now[1] / now[0]), floor_percent(then[1] / then[0])
    reason = f"People corrected {now_share}% of its answers, and {then_share}% of those of {previous}."
    try:
        promotion = promotions.promote(version=previous, replaces=newest, reason=reason)
    except promotions.StalePromotionError:
        return None
    number = ModelVersion.objects.values_list("number", flat=True).get(pk=live)
    logger.warning("%s: version %d was rolled back automatically: %s", recognizer.slug, number, reason)
    return promotion


def is_clearly_worse(now: tuple[int, int], then: tuple[int, int], margin: float) -> bool:
    """Whether the share of corrected answers rose by more than `margin`, and significantly (Fisher's exact test).

    `now` and `then` are (answers, corrected ones). False if either has fewer than MIN_ANSWERS answers.
    """
    if min(now[0], then[0]) < MIN_ANSWERS or now[1] / now[0] - then[1] / then[0] <= margin:
        return False
    return fisher_exact(now, then) < MAX_P_VALUE
