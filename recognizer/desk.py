"""The reviewer's desk: what the review page shows of one correction, and the keys that decide it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recognizer import reviews, thumbnails
from recognizer.models import Correction, Drawing, Label, ModelVersion, Prediction, Recognizer, Review

if TYPE_CHECKING:
    from accounts.models import User

SHOWN_GUESSES = 3
DIGITS = 10  # that there are keys of
# One key each; digits are for the labels, A accepts, K skips, Z takes back.
REASON_KEYS = {
    Review.Reason.SCRIBBLE: "S",
    Review.Reason.WRONG_SYMBOL: "N",
    Review.Reason.EMPTY: "E",
    Review.Reason.DUPLICATE: "D",
    Review.Reason.OFFENSIVE: "O",
    Review.Reason.OTHER: "R",
}


@dataclass(frozen=True)
class Guess:
    """One entry of what the model said."""

    label: Label
    probability: float

    @property
    def width(self) -> str:
        """Of its bar, as SVG understands it in any language."""
        return f"{self.probability:.1%}"


@dataclass(frozen=True)
class Sheet:
    """A drawing on the desk, without who drew it."""

    correction: Correction
    prediction: Prediction | None  # the first answer
    guesses: list[Guess]
    keys: list[tuple[Label, str]]  # every label with the key that says it, if there is one

    @property
    def drawing(self) -> Drawing:
        """What was drawn."""
        return self.correction.drawing

    @property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture."""
        return thumbnails.path(self.drawing.ink) if self.drawing.ink else ""

    @property
    def agrees(self) -> bool:
        """The author says what the model said first."""
        return bool(self.prediction and self.prediction.label_id == self.correction.label_id)


def sheet(correction: Correction) -> Sheet:
    """What is known of a correction, in three queries."""
    drawing = Drawing.objects.defer("image").select_related("recognizer").get(pk=correction.drawing_id)
    correction.drawing = drawing
    labels = list(drawing.recognizer.labels.all())
    answers = drawing.predictions.select_related("label", "model_version").order_by("pk")
    first = answers.defer(*(f"model_version__{field}" for field in ModelVersion.HEAVY)).first()
    return Sheet(correction, first, _guesses(first, labels), _keys(labels))


def _guesses(prediction: Prediction | None, labels: list[Label]) -> list[Guess]:
    by_slug = {label.slug: label for label in labels}
    said = prediction.guesses[:SHOWN_GUESSES] if prediction else []
    return [Guess(by_slug[slug], probability) for slug, probability in said if slug in by_slug]


def _keys(labels: list[Label]) -> list[tuple[Label, str]]:
    """Each label with the digit that says it: itself, else its place; too many labels for that have none."""
    own = {label.slug for label in labels if len(label.slug) == 1 and label.slug.isdecimal()}
    free = {str(place) for place in range(DIGITS)} - own if len(labels) <= DIGITS else set()
    return [(label, label.slug if label.slug in own else _take(str(label.position), free)) for label in labels]


def _take(wanted: str, free: set[str]) -> str:
    """The key of its place, else the next that is free; each says one label."""
    key = wanted if wanted in free else min(free, default="")
    free.discard(key)
    return key


def reasons() -> list[tuple[str, Any, str]]:
    """Why a drawing must not teach: value, name, key."""
    return [(reason.value, reason.label, REASON_KEYS[reason]) for reason in Review.Reason]


def last_decision(reviewer: User) -> Review | None:
    """The reviewer's newest decision that still counts; it is the one that can be taken back."""
    decided = Review.objects.standing().filter(by=reviewer, correction__replaced_by__isnull=True)
    decided = decided.exclude(decision=Review.Decision.UNDONE)
    return decided.select_related("label", "correction__label").order_by("-pk").first()


def waiting(reviewer: User, recognizer: Recognizer | None) -> int:
    """How many corrections this reviewer could decide now."""
    return reviews.queue(reviewer=reviewer, recognizer=recognizer).count()
