"""The review card of a correction: what reviewers see of it, and the keys that decide it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import Prefetch
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from recognizer.drawings import replay as replays
from recognizer.drawings import thumbnails
from recognizer.insights.examples import DrawingExample
from recognizer.models import (
    Control,
    Correction,
    Drawing,
    Label,
    Opinion,
    Prediction,
    QueueEntry,
    Review,
    Use,
    permissions,
)
from recognizer.models.model_version import heavy_fields
from recognizer.pages.label_choice import LabelChoice, label_choices
from recognizer.review import controls, queue
from recognizer.review.queue import NO_FILTER, QueueFilter

SHOWN_GUESSES = 3
WORTH_SHOWING = 0.005  # a smaller probability is 0 %
MOST_AT_A_GLANCE = 12  # labels; with more, reviewers find one by typing
LAST = 12  # decisions that the page lists, to be undone
MOST_COUNTED = 200  # waiting corrections; counting more would be slower than the rest of the page
DIGIT_KEYS = 10
# One key each. Digits are for labels, A approves, K skips, Z undoes.
REASON_KEYS = {
    Review.Reason.SCRIBBLE: "S",
    Review.Reason.WRONG_SYMBOL: "N",
    Review.Reason.EMPTY: "E",
    Review.Reason.DUPLICATE: "D",
    Review.Reason.OFFENSIVE: "O",
    Review.Reason.OTHER: "R",
}


@dataclass(frozen=True)
class CardGuess:
    """One guess of the model, with the width of its bar."""

    label: Label
    probability: float

    @property
    def is_worth_showing(self) -> bool:
        """Whether it is more than 0 %."""
        return self.probability >= WORTH_SHOWING

    @property
    def width(self) -> str:
        """As an SVG attribute, which is the same in every language."""
        return f"{self.probability:.1%}"


@dataclass(frozen=True)
class ReviewCard:
    """A drawing to review. It does not say who the author is."""

    correction: Correction
    prediction: Prediction | None  # the first one
    guesses: list[CardGuess]
    choice: LabelChoice
    decision: Review | Opinion | None = None  # set where the card shows a decision instead of asking for one
    reference: Review | None = None  # the decision that can become the correct answer of a control drawing
    control: Control | None = None
    dispute: list[Opinion] = field(default_factory=list)  # the opinions that differ, for people who settle disputes

    @property
    def drawing(self) -> Drawing:
        """What was drawn."""
        return self.correction.drawing

    @property
    def undo_field(self) -> str:
        """The name of the form field that undoes the decision."""
        return "opinion" if isinstance(self.decision, Opinion) else "review"

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture."""
        return thumbnails.svg_path_of(self.drawing)

    @cached_property
    def replay(self) -> str:
        """The strokes with their times as JSON, for the script that replays them; empty for a picture."""
        return json.dumps(replays.replay_strokes(self.drawing.ink), separators=(",", ":")) if self.drawing.ink else ""

    @cached_property
    def keys(self) -> list[tuple[Label, str]]:
        """Every label, and its key or ""; none of them if they are very many."""
        return _keys(self.choice.few)

    @property
    def agrees(self) -> bool:
        """Whether the author's label is the model's first guess."""
        return bool(self.prediction and self.prediction.label_id == self.correction.label_id)

    @property
    def many(self) -> bool:
        """Whether there are more labels than one sees at a glance."""
        return self.choice.count > MOST_AT_A_GLANCE

    @property
    def likely(self) -> list[tuple[Label, str]]:
        """Where there are many labels: the model's guesses that differ from the author's label, with their keys."""
        others = [guess.label for guess in self.guesses if guess.label.pk != self.correction.label_id]
        return [(label, str(at)) for at, label in enumerate(others, 1)] if self.many else []

    @property
    def hints(self) -> list[Any]:
        """Why the queue shows the drawing early or late, and whether a round asked for its label."""
        asked = [_("asked for in a round")] if self.correction.origin else []
        entry: QueueEntry | None = getattr(self.correction, "queue_entry", None)
        if entry is None:
            return asked
        odd = _("unlike other drawings of %s") % self.correction.label if entry.is_odd else _("unusual strokes")
        hints = [*asked, odd] if entry.uses & Use.SUSPICIOUS else asked
        return hints if entry.uses & Use.FRESH else [*hints, _("similar to an earlier drawing")]


def review_card(correction: Correction, decision: Review | Opinion | None = None) -> ReviewCard:
    """The card of one correction."""
    return replace(review_cards([correction])[0], decision=decision)


def review_cards(
    corrections: Sequence[Correction], choices: Mapping[int, LabelChoice] | None = None
) -> list[ReviewCard]:
    """The cards of any number of corrections, in a fixed number of queries. `choices`: if the caller has read them."""
    first = Prediction.objects.select_related("label", "model_version").order_by("pk")
    found = (
        Drawing.objects.defer("image")
        .select_related("recognizer")
        .prefetch_related(Prefetch("predictions", first.defer(*heavy_fields("model_version"))))
        .in_bulk([each.drawing_id for each in corrections])
    )
    if choices is None:
        choices = label_choices({each.recognizer_id: each.recognizer for each in found.values()}.values())
    guessed = _guessed_labels(found.values())
    return [_card(each, found[each.drawing_id], choices, guessed) for each in corrections if each.drawing_id in found]


def _first(drawing: Drawing) -> Prediction | None:
    return next(iter(drawing.predictions.all()), None)


def _guessed_labels(drawings: Iterable[Drawing]) -> dict[tuple[int, str], Label]:
    """The labels of the guesses that cards show, by recognizer and slug. One query."""
    first = [prediction for each in drawings if (prediction := _first(each))]
    slugs = {slug for prediction in first for slug, _probability in prediction.guesses[:SHOWN_GUESSES]}
    recognizers = {each.recognizer_id for each in drawings}
    labels = Label.objects.filter(recognizer__in=recognizers, slug__in=slugs).defer("names", "codes")
    return {(label.recognizer_id, label.slug): label for label in labels}


def _card(
    correction: Correction,
    drawing: Drawing,
    choices: Mapping[int, LabelChoice],
    guessed: dict[tuple[int, str], Label],
) -> ReviewCard:
    correction.drawing = drawing
    first, of = _first(drawing), drawing.recognizer_id
    shown = first.guesses[:SHOWN_GUESSES] if first else []
    guesses = [CardGuess(guessed[of, slug], probability) for slug, probability in shown if (of, slug) in guessed]
    return ReviewCard(correction, first, guesses, choices[of])


def _keys(labels: list[Label]) -> list[tuple[Label, str]]:
    """The key of each label: its own digit, else the digit of its position, else the next free digit, else none."""
    own = {label.slug for label in labels if len(label.slug) == 1 and label.slug.isdecimal()}
    free = {str(digit) for digit in range(DIGIT_KEYS)} - own if len(labels) <= DIGIT_KEYS else set()
    keys = []
    for label in labels:
        position = str(label.position)
        key = label.slug if label.slug in own else position if position in free else min(free, default="")
        free.discard(key)
        keys.append((label, key))
    return keys


def reject_reasons() -> list[tuple[str, Any, str]]:
    """The value, name and key of each reason to reject a drawing."""
    return [(reason.value, reason.label, REASON_KEYS[reason]) for reason in Review.Reason]


def last_decisions(reviewer: User) -> list[tuple[Opinion, DrawingExample]]:
    """The reviewer's last opinions that still hold, the newest first, with their drawings. Each can be undone."""
    mine = Opinion.objects.current().filter(by=reviewer, correction__replaced_by__replaces__isnull=True).order_by("-pk")
    found = mine.select_related("label", "correction__label", "correction__drawing").defer("correction__drawing__image")
    return [(opinion, DrawingExample(opinion.correction.drawing)) for opinion in found[:LAST]]


def count_waiting(reviewer: User, wanted: QueueFilter = NO_FILTER, decided: Collection[int] = ()) -> int | None:
    """How many corrections this reviewer could decide now, or None if there are more than MOST_COUNTED.

    Those `decided` are not counted: the reviewer's script has their decisions, but has not sent them yet.
    """
    own = permissions.may_review_own(reviewer)
    found = queue.waiting_corrections(reviewer=reviewer, own=own, wanted=wanted)  # their order follows an index
    others = found.exclude(pk__in=decided) if decided else found
    count = others.values("pk")[: MOST_COUNTED + 1].count() + controls.count_claimed_controls(reviewer, decided)
    return count if count <= MOST_COUNTED else None


def waiting_text(count: int | None) -> str:
    """The result of `count_waiting` in words."""
    if count is None:
        return _("more than %(number)s to review") % {"number": localize(MOST_COUNTED)}
    return ngettext("%(number)d to review", "%(number)d to review", count) % {"number": count}
