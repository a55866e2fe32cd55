"""Drawings with answers and decisions, made without a model; and a reviewer who looks at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from recognizer.insights import counts, label_checks
from recognizer.models import Correction, Drawing, Label, ModelVersion, Prediction, Recognizer, Review, SnapshotItem
from tests.ink import SEVEN
from tests.pages.training_runs import ended
from tests.people import rita_who_may

ACCEPTED, REJECTED = Review.Decision.ACCEPTED, Review.Decision.REJECTED


@pytest.fixture
def rita(db: None) -> User:
    """A reviewer, and nothing else."""
    return rita_who_may()


@pytest.fixture
def as_rita(rita: User) -> Client:
    """A browser in which the reviewer is signed in."""
    client = Client()
    client.force_login(rita)
    return client


@dataclass
class Desk:
    """Makes drawings of one recognizer, and what was said of them."""

    recognizer: Recognizer
    author: User
    labels: dict[str, Label] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.labels = {label.slug: label for label in self.recognizer.labels.all()}

    def version(self, number: int = 1) -> ModelVersion:
        """One that is there, else a new one that answers nothing."""
        manifest: dict[str, Any] = {"labels": []}
        more = {"manifest": manifest, "tflite": b"", "keras": b"", "sha256": "0" * 64}
        return ModelVersion.objects.get_or_create(recognizer=self.recognizer, number=number, defaults=more)[0]

    def draw(self, said: str, author: User | None = None) -> Correction:
        """A drawing, and what its author says it is."""
        drawing = Drawing.objects.create(recognizer=self.recognizer, author=author or self.author, ink=SEVEN)
        return Correction.objects.create(drawing=drawing, label=self.labels[said])

    def answer(self, correction: Correction, number: int = 1, **shares: Any) -> Prediction:
        """What a version gives each label, as `label_7=0.9`; the first of them is its answer."""
        guesses = [(name.removeprefix("label_"), share) for name, share in shares.items()]
        slug, share = guesses[0]
        said = {"guesses": guesses, "label": self.labels[slug], "probability": share, "unsure": False}
        return Prediction.objects.create(drawing=correction.drawing, model_version=self.version(number), **said)

    def decide(self, correction: Correction, label: str | None = None, **more: Any) -> Review:
        """Approved as what the author says, or as something else."""
        held = self.labels[label] if label else correction.label
        decision = ACCEPTED if held == correction.label else Review.Decision.RELABELLED
        return Review.objects.create(correction=correction, decision=decision, label=held, **more)

    def approved(self, said: str, author: User | None = None, **shares: Any) -> Correction:
        """Drawn, answered by version 1 and accepted."""
        correction = self.draw(said, author)
        if shares:
            self.answer(correction, **shares)
        self.decide(correction)
        return correction

    def judged(self, number: int, *, taught: Any = (), exam: Any = ()) -> ModelVersion:
        """A version that a run made: taught with some, examined on (correction, before, after)."""
        version = self.version(number)
        run = ended(self.recognizer, "passed", version=version)  # type: ignore[arg-type]
        items: list[Any] = [(correction, SnapshotItem.Part.STUDY, None, None) for correction in taught]
        items += [(each, SnapshotItem.Part.EXAM, self.labels[was], self.labels[now]) for each, was, now in exam]
        SnapshotItem.objects.bulk_create(
            SnapshotItem(run=run, drawing_id=each.drawing_id, label=each.label, part=part, before=was, after=now)
            for each, part, was, now in items
        )
        return version


@pytest.fixture
def desk(digits: Recognizer, alice: User) -> Desk:
    """For digits, by alice."""
    return Desk(digits, alice)


@pytest.fixture
def read() -> Callable[[], None]:
    """Let the background read everything and count."""

    def read() -> None:
        label_checks.refresh_label_checks()
        counts.recount()

    return read


def people(count: int) -> list[User]:
    """So many hands."""
    return [User.objects.create(email=f"hand-{at}@example.org", consented_at=timezone.now()) for at in range(count)]
