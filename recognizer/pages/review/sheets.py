"""The reviewer's desk: what the review page shows of one correction, and the keys that decide it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recognizer.drawings import replay as replays
from recognizer.drawings import thumbnails
from recognizer.models import (
    Control,
    Correction,
    Drawing,
    Label,
    ModelVersion,
    Opinion,
    Prediction,
    QueueEntry,
    Review,
    Use,
)
from recognizer.review import controls, decisions, queue
from recognizer.review.queue import ANYTHING, Wanted

if TYPE_CHECKING:
    from accounts.models import User

SHOWN_GUESSES = 3
MOST_AT_A_GLANCE = 12
LAST = 12  # decisions that can be taken back from the page
MOST_COUNTED = 200  # of those that wait: counting on would take longer than all else on the page
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
    decision: Review | Opinion | None = None  # what was decided, or said, where this is shown to be looked at again
    known: Review | None = None  # the decision that could be the known answer of a control, for who chooses those
    control: Control | None = None  # which it is
    dispute: list[Opinion] = field(default_factory=list)  # what reviewers say who do not agree, for who settles it

    @property
    def drawing(self) -> Drawing:
        """What was drawn."""
        return self.correction.drawing

    @property
    def taken_back_as(self) -> str:
        """The name of the field that takes the decision back."""
        return "opinion" if isinstance(self.decision, Opinion) else "review"

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture. Its template asks several times."""
        return thumbnails.path_of(self.drawing)

    @property
    def replay(self) -> str:
        """The strokes with their times, for the script that draws them once more; empty for a picture."""
        return json.dumps(replays.strokes(self.drawing.ink), separators=(",", ":")) if self.drawing.ink else ""

    @property
    def agrees(self) -> bool:
        """The author says what the model said first."""
        return bool(self.prediction and self.prediction.label_id == self.correction.label_id)

    @property
    def many(self) -> bool:
        """More labels than can be seen at a glance: they are found by typing."""
        return len(self.keys) > MOST_AT_A_GLANCE

    @property
    def likely(self) -> list[tuple[Label, str]]:
        """Of many labels those that the model thought of and the author did not say, with a key each."""
        others = [guess.label for guess in self.guesses if guess.label.pk != self.correction.label_id]
        return [(label, str(at)) for at, label in enumerate(others, 1)] if self.many else []

    @property
    def hints(self) -> list[Any]:
        """Why it is shown early or late, as far as the page does not say it anyway."""
        entry: QueueEntry | None = getattr(self.correction, "queue_entry", None)
        if entry is None:
            return []
        odd = [self._odd(entry)] if entry.uses & Use.SUSPICIOUS else []
        return odd if entry.uses & Use.FRESH else [*odd, _("seen alike")]

    def _odd(self, entry: QueueEntry) -> Any:
        return _("unlike other drawings of %s") % self.correction.label if entry.is_odd else _("unusual ink")


def sheet(correction: Correction, decision: Review | Opinion | None = None) -> Sheet:
    """What is known of a correction."""
    return replace(sheets([correction])[0], decision=decision)


def sheets(corrections: Sequence[Correction]) -> list[Sheet]:
    """What is known of each correction, in four queries for any number."""
    first = Prediction.objects.select_related("label", "model_version").order_by("pk")
    found = (
        Drawing.objects.defer("image")
        .select_related("recognizer")
        .prefetch_related(
            "recognizer__labels",
            Prefetch("predictions", first.defer(*(f"model_version__{field}" for field in ModelVersion.HEAVY))),
        )
        .in_bulk([each.drawing_id for each in corrections])
    )
    return [_sheet(each, found[each.drawing_id]) for each in corrections if each.drawing_id in found]


def _sheet(correction: Correction, drawing: Drawing) -> Sheet:
    correction.drawing = drawing
    labels = list(drawing.recognizer.labels.all())
    first = next(iter(drawing.predictions.all()), None)
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


@dataclass(frozen=True)
class Said:
    """One of the opinions that a reviewer can take back."""

    opinion: Opinion
    path: str  # of its drawing; empty for a picture

    @property
    def drawing(self) -> Drawing:
        """What it is about."""
        return self.opinion.correction.drawing


def last_said(reviewer: User) -> list[Said]:
    """What the reviewer said last and still says, the newest first; each can be taken back."""
    mine = (
        Opinion.objects.standing().filter(by=reviewer, correction__replaced_by__replaces__isnull=True).order_by("-pk")
    )
    found = mine.select_related("label", "correction__label", "correction__drawing").defer("correction__drawing__image")
    return [Said(each, thumbnails.path_of(each.correction.drawing)) for each in found[:LAST]]


def waiting(reviewer: User, wanted: Wanted = ANYTHING) -> Count:
    """How many corrections this reviewer could decide now; past `MOST_COUNTED` nobody counts on."""
    own = decisions.may_review_own(reviewer)
    found = queue.waiting(reviewer=reviewer, own=own, wanted=wanted)  # in their order: it leads along an index
    return Count(found.values("pk")[: MOST_COUNTED + 1].count() + controls.held(reviewer))


@dataclass(frozen=True)
class Count:
    """How many wait, up to a number that is as good as many."""

    found: int

    def __str__(self) -> str:
        if self.found > MOST_COUNTED:
            return _("more than %(number)s wait") % {"number": localize(MOST_COUNTED)}
        return ngettext("%(number)d waits", "%(number)d wait", self.found) % {"number": self.found}
