"""Drawings: recognise, keep, ask again, delete."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts import audit, people
from ml.preprocessing.image import ImageError
from ml.preprocessing.ink import InkError
from recognizer import memories, outliers, pins, receipts, registry
from recognizer.content import Content
from recognizer.models import Drawing, Label, PersonalAnswer, Prediction, Reason, Recognizer
from recognizer.registry import Active

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

CAUGHT_UP = 2_000  # drawings of a recognizer, the newest, that each new version answers by itself
AT_ONCE = 200  # of them in one go
_CONSENTED = Q(author__consented_at__isnull=False)


class ConsentRequiredError(PermissionError):
    """The person has not agreed that their drawings are kept and train the models."""


class TakenError(ValueError):
    """The identifier belongs to another drawing."""


@dataclass(frozen=True)
class Guess:
    """One entry of an answer."""

    label: Label
    probability: float


@dataclass(frozen=True)
class Personal:
    """An answer with the memory of the person who asks: ranked likewise, and their drawings that spoke for it."""

    guesses: list[Guess]
    unsure: bool
    because: list[UUID]


@dataclass(frozen=True)
class Answer:
    """What one model version says about one drawing: all labels ranked, the likeliest first.

    The probabilities add up to at most 1; the rest is "none of these". `unsure` says that the
    first guess should not be trusted. `personal` is what the person gets instead, where their
    memory has a say.
    """

    active: Active
    guesses: list[Guess]
    unsure: bool
    personal: Personal | None = None
    embedding: np.ndarray | None = field(default=None, repr=False, compare=False)


def recognise(*, recognizer: str, content: Content, person: User | None = None, as_of: int | None = None) -> Answer:
    """Ask the active version, or the one of the number `as_of`, and the memory of `person`.

    A memory speaks only for the version that answers here, for that is the one it was read by. Raises
    registry.UnknownRecognizerError and registry.NoModelError, and for a number what `pins.pinned` raises.
    """
    active = registry.active(recognizer) if as_of is None else pins.pinned(recognizer, as_of)
    answers = active.predictor.predict(content.raster(active.raster)[None])
    probabilities, embedding = answers.probabilities[0], answers.embeddings[0]
    asked = person and (as_of is None or active is registry.active(recognizer))
    personal = _personal(active, probabilities, embedding, person) if person and asked else None
    return Answer(active, *_ranked(active, probabilities), personal, embedding)


def recognise_all(*, active: Active, contents: Sequence[Content]) -> list[Answer]:
    """Ask one version about many drawings in one go; the plain answers, in their order."""
    if not contents:
        return []
    answers = active.predictor.predict(np.stack([content.raster(active.raster) for content in contents]))
    return [
        Answer(active, *_ranked(active, probabilities), None, embedding)
        for probabilities, embedding in zip(answers.probabilities, answers.embeddings, strict=True)
    ]


def _ranked(active: Active, probabilities: np.ndarray) -> tuple[list[Guess], bool]:
    """The guesses, and whether the first one is not to be trusted."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = zip(order.tolist(), probabilities[order].tolist(), strict=True)
    guesses = [Guess(active.labels[place], probability) for place, probability in ranked]
    return guesses, guesses[0].probability < active.unsure_below


def _personal(active: Active, probabilities: np.ndarray, embedding: np.ndarray, person: User) -> Personal | None:
    found = memories.recall(person=person, active=active, probabilities=probabilities, embedding=embedding)
    return Personal(*_ranked(active, found.probabilities), found.because) if found else None


def keep(
    *,
    author: User,
    recognizer: str,
    content: Content,
    uuid: UUID | None = None,
    personal: bool = True,
    as_of: int | None = None,
) -> tuple[Drawing, bool]:
    """Store a drawing with the answer to it, in one transaction; returns it and whether it is new.

    With `personal` their memory is asked, too.

    A repeated `uuid` of the same author gives the drawing that is there already, so that a retry
    makes no double. Raises ConsentRequiredError, TakenError and what `recognise` raises.
    """
    _check_consent(author)
    if uuid and (existing := _existing(author, uuid)):
        return existing, False
    answer = recognise(recognizer=recognizer, content=content, person=author if personal else None, as_of=as_of)
    try:
        return _store(author, content, uuid or uuid4(), answer), True
    except IntegrityError:
        if uuid and (existing := _existing(author, uuid)):
            return existing, False
        raise


def _check_consent(author: User | None) -> None:
    if author is None or not author.has_consented:
        raise ConsentRequiredError


def _existing(author: User, uuid: UUID) -> Drawing | None:
    drawing = Drawing.objects.filter(uuid=uuid).with_answers().first()
    if drawing and drawing.author_id != author.pk:
        raise TakenError
    return drawing


@transaction.atomic
def _store(author: User, content: Content, uuid: UUID, answer: Answer) -> Drawing:
    _check_consent(people.hold(author.pk))  # they may have withdrawn it, or left, while the model was asked
    recognizer = answer.active.recognizer
    drawing = Drawing.objects.create(
        uuid=uuid, author=author, recognizer=recognizer, ink=content.ink, image=content.png()
    )
    prediction = store_answer(drawing=drawing, answer=answer)
    if answer.personal:
        _store_personal(prediction, answer.personal, author)
    return Drawing.objects.with_answers().get(pk=drawing.pk)


def store_answer(*, drawing: Drawing, answer: Answer) -> Prediction:
    """Append what a version said about a drawing."""
    return Prediction.objects.create(
        drawing=drawing, model_version=answer.active.version, unsure=answer.unsure, **_said(answer.guesses)
    )


def _said(guesses: list[Guess]) -> dict[str, Any]:
    return {
        "guesses": [[guess.label.slug, round(guess.probability, 6)] for guess in guesses],
        "label": guesses[0].label,
        "probability": min(max(guesses[0].probability, 0.0), 1.0),
    }


def _store_personal(prediction: Prediction, personal: Personal, author: User) -> None:
    """Reasons that were deleted since the memory was asked are none."""
    given = PersonalAnswer.objects.create(prediction=prediction, unsure=personal.unsure, **_said(personal.guesses))
    found = dict(Drawing.objects.filter(author=author, uuid__in=personal.because).values_list("uuid", "pk"))
    reasons = [found[uuid] for uuid in personal.because if uuid in found]
    Reason.objects.bulk_create(Reason(answer=given, drawing_id=pk) for pk in reasons)


def catch_up() -> int:
    """Let each active version answer some recent drawings that only earlier ones answered; returns how many.

    Called again and again it gets through the newest of each recognizer; older ones are asked by the task `ask_again`.
    """
    return sum(ask_again(_behind(recognizer)) for recognizer in Recognizer.objects.all())


def _behind(recognizer: Recognizer) -> list[int]:
    promotion = registry.newest(recognizer.pk)
    if promotion is None:
        return []
    recent = recognizer.drawings.order_by("-id").values("id")[:CAUGHT_UP]
    answered = Prediction.objects.filter(drawing=OuterRef("pk"), model_version=promotion.model_version_id)
    behind = Drawing.objects.filter(~Exists(answered), pk__in=list(recent.values_list("id", flat=True)))
    return list(behind.filter(_CONSENTED).order_by("-id").values_list("id", flat=True)[:AT_ONCE])


def ask_again(ids: Iterable[int]) -> int:
    """Append what the active versions say about these drawings now; returns how many answers are new.

    What is answered already, was deleted meanwhile, or belongs to somebody who no longer agrees is passed over.
    """
    found = Drawing.objects.filter(_CONSENTED, pk__in=list(ids)).select_related("recognizer")
    return sum(_ask_again(drawing) for drawing in found)


def _ask_again(drawing: Drawing) -> bool:
    try:
        version = registry.active(drawing.recognizer.slug).version
        if drawing.predictions.filter(model_version=version).exists():
            return False
        answer = recognise(recognizer=drawing.recognizer.slug, content=Content.of_drawing(drawing))
    except (registry.NoModelError, InkError, ImageError) as error:
        logger.warning("drawing %s cannot be asked again: %s", drawing.uuid, error)
        return False
    return _append_answer(drawing, answer)


@transaction.atomic
def _append_answer(drawing: Drawing, answer: Answer) -> bool:
    people.hold(drawing.author_id)
    there = Drawing.objects.filter(pk=drawing.pk).exclude(predictions__model_version=answer.active.version).exists()
    if there:
        store_answer(drawing=drawing, answer=answer)
        if answer.embedding is not None:
            outliers.measure_again(drawing=drawing, active=answer.active, embedding=answer.embedding)
    return there


@transaction.atomic
def delete(*, drawing: Drawing, by: User | None = None) -> None:
    """Really delete a drawing and everything that was said about it; `by`: who of the staff does it."""
    if by:
        audit.note(by=by, what="drawing.deleted", subject=f"drawing {drawing.uuid}")
    memories.forget(drawing=drawing)  # first: it holds the person, and moves the revision that every process looks at
    receipts.forget(drawing=drawing)
    drawing.delete()
