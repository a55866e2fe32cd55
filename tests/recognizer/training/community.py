"""People who draw digits, each with a hand of their own, and reviewers who decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from django.utils import timezone

from accounts.models import User
from ml.augmentation.synthetic_digits import write_digit
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import Correction, Drawing, Label, Recognizer, Review
from recognizer.review import decisions, queue
from tests.people import allow

SIDEWAYS = (2, 4, 7)  # the shipped model misreads these when they are turned; ten drawings of each are enough


def person(name: str, **fields: Any) -> User:
    """Somebody who has agreed that their drawings teach."""
    return User.objects.create_user(f"{name}@example.org", consented_at=timezone.now(), **fields)


def reviewer(name: str, **fields: Any) -> User:
    """Somebody who may review."""
    return allow(person(name, is_staff=True, **fields), "review_drawings")


def ink(label: int, rng: np.random.Generator) -> list[Any]:
    """A digit as the API takes it."""
    return [np.round(stroke, 1).tolist() for stroke in write_digit(label, rng)]


def sideways_ink(label: int, rng: np.random.Generator) -> list[Any]:
    """A digit of SIDEWAYS, turned by 90 degrees, always nearly the same."""
    turn = np.array([[0, -1], [1, 0]]) + rng.normal(0, 0.01, (2, 2))
    return [np.round(turn @ stroke[:2], 1).tolist() for stroke in write_digit(label, np.random.default_rng(label))]


def draw(author: User, count: int, *, seed: int = 0, sideways: bool = False) -> list[Drawing]:
    """Digits in turn, each answered by the version that serves and confirmed or corrected by its author.

    The shipped model reads them, so training on them is no gain; it misreads `sideways` ones, and training is a gain.
    """
    rng = np.random.default_rng([seed, author.pk])
    labels, write = (SIDEWAYS, sideways_ink) if sideways else (range(10), ink)
    made = []
    for number in range(count):
        label = labels[number % len(labels)]
        content = Content.from_ink(write(label, rng))
        drawing, _new = store.save_drawing(author=author, recognizer="digits", content=content)
        corrections.correct(drawing=drawing, label=str(label))
        made.append(drawing)
    return made


def approve(made: Iterable[Drawing], by: User | None = None) -> list[Review]:
    """Accept what their authors say, past the queue; `by` is nobody for an automatic review."""
    found = Correction.objects.current().filter(drawing__in=list(made), label__isnull=False)
    decision = Review.Decision.ACCEPTED
    return Review.objects.bulk_create(
        [Review(correction=each, decision=decision, label=each.label, by=by) for each in found.select_related("label")]
    )


def scatter(recognizer: Recognizer, author: User, count: int, label: str = "7") -> list[Drawing]:
    """Approved drawings in a moment, all alike: where only their number matters."""
    strokes = ink(int(label), np.random.default_rng(author.pk))
    chosen = Label.objects.get(recognizer=recognizer, slug=label)
    made = Drawing.objects.bulk_create(
        [Drawing(recognizer=recognizer, author=author, ink=strokes) for _ in range(count)]
    )
    Correction.objects.bulk_create([Correction(drawing=each, label=chosen) for each in made])
    approve(made)
    return made


def wait(author: User, count: int) -> list[Correction]:
    """Drawings that wait for a reviewer, in a moment and all alike: where only their number matters."""
    recognizer = Recognizer.objects.get(slug="digits")
    strokes = ink(7, np.random.default_rng(author.pk))
    seven = recognizer.labels.get(slug="7")
    made = Drawing.objects.bulk_create(
        [Drawing(recognizer=recognizer, author=author, ink=strokes) for _ in range(count)]
    )
    said = Correction.objects.bulk_create([Correction(drawing=each, label=seven) for each in made])
    queue.create_entries(said)
    return said


def claim_one(reviewer: User, skipping: Collection[int] = ()) -> Correction | None:
    """The correction that this reviewer is shown next, claimed; None where nothing waits for them."""
    return next(iter(decisions.claim_next(reviewer=reviewer, count=1, skipping=skipping)), None)


def review_all(by: User) -> int:
    """Accept everything that the queue gives."""
    count = 0
    while correction := claim_one(by):
        decisions.accept(correction=correction, reviewer=by)
        count += 1
    return count


def decided(correction: Correction, by: User, label: str | None = None, reason: str = "") -> Review:
    """What came of it that a reviewer said so, where one opinion is enough."""
    if reason:
        decisions.reject(correction=correction, reviewer=by, reason=reason)
    else:
        slug = label or (correction.label and correction.label.slug) or ""
        decisions.relabel(correction=correction, reviewer=by, label=slug)
    review = decisions.current(correction)
    assert review
    return review
