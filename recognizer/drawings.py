"""Drawings: recognise, keep, ask again, delete."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import cv2
import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts import people
from ml.image import ImageError, decode_image, normalise_image
from ml.ink import Ink, InkError, parse_ink, rasterise
from recognizer import registry
from recognizer.models import Drawing, Label, Prediction, Recognizer
from recognizer.registry import Active

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

_DECODING = Lock()  # 16 megapixels take some 200 MB until they are reduced: one picture at a time in a process
MAX_KEPT_SIDE = 640  # pixels; a photo is reduced to this before it is read and kept
CAUGHT_UP = 2_000  # drawings of a recognizer, the newest, that each new version answers by itself
AT_ONCE = 200  # of them in one go
_CONSENTED = Q(author__consented_at__isnull=False)


class ConsentRequiredError(PermissionError):
    """The person has not agreed that their drawings are kept and train the models."""


class TakenError(ValueError):
    """The identifier belongs to another drawing."""


@dataclass(frozen=True)
class Content:
    """What somebody drew: ink, or a picture. Made by `of_ink` or `of_image`; `raster` is what the network sees."""

    ink: list[Any] | None = None
    strokes: Ink | None = None
    pixels: np.ndarray | None = None

    @classmethod
    def of_ink(cls, data: object) -> Content:
        """From decoded JSON. Raises ml.ink.InkError."""
        strokes = parse_ink(data)
        return cls(ink=data, strokes=strokes)  # type: ignore[arg-type]

    @classmethod
    def of_image(cls, data: bytes) -> Content:
        """From the bytes of a picture file. Raises ml.image.ImageError."""
        with _DECODING:
            pixels = decode_image(data)
        scale = MAX_KEPT_SIDE / max(pixels.shape)
        if scale < 1:
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        content = cls(pixels=pixels)
        content.raster  # noqa: B018 - a blank picture is refused here, where the person can be told
        return content

    @classmethod
    def of_drawing(cls, drawing: Drawing) -> Content:
        """From what was kept. Raises what the two above raise, where today's rules are stricter."""
        return cls.of_ink(drawing.ink) if drawing.image is None else cls.of_image(bytes(drawing.image))

    @cached_property
    def raster(self) -> np.ndarray:
        """uint8 (28, 28), white on black."""
        if self.strokes is not None:
            return rasterise(self.strokes)
        assert self.pixels is not None  # noqa: S101 - one of both, by construction
        return normalise_image(self.pixels)

    def png(self) -> bytes | None:
        """The picture as it is kept: grey, reduced, without what a camera writes into a file."""
        if self.pixels is None:
            return None
        return cv2.imencode(".png", self.pixels)[1].tobytes()


@dataclass(frozen=True)
class Guess:
    """One entry of an answer."""

    label: Label
    probability: float


@dataclass(frozen=True)
class Answer:
    """What one model version says about one drawing: all labels ranked, the likeliest first.

    The probabilities add up to at most 1; the rest is "none of these". `unsure` says that the
    first guess should not be trusted.
    """

    active: Active
    guesses: list[Guess]
    unsure: bool


def recognise(*, recognizer: str, content: Content) -> Answer:
    """Ask the active version. Raises registry.UnknownRecognizerError and registry.NoModelError."""
    active = registry.active(recognizer)
    probabilities = active.predictor.predict(content.raster[None]).probabilities[0]
    guesses = [Guess(active.labels[i], float(probabilities[i])) for i in np.argsort(-probabilities, kind="stable")]
    return Answer(active, guesses, guesses[0].probability < active.unsure_below)


def keep(*, author: User, recognizer: str, content: Content, uuid: UUID | None = None) -> tuple[Drawing, bool]:
    """Store a drawing with the answer to it, in one transaction; returns it and whether it is new.

    A repeated `uuid` of the same author gives the drawing that is there already, so that a retry
    makes no double. Raises ConsentRequiredError, TakenError and what `recognise` raises.
    """
    _check_consent(author)
    if uuid and (existing := _existing(author, uuid)):
        return existing, False
    answer = recognise(recognizer=recognizer, content=content)
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
    store_answer(drawing=drawing, answer=answer)
    return Drawing.objects.with_answers().get(pk=drawing.pk)


def store_answer(*, drawing: Drawing, answer: Answer) -> Prediction:
    """Append what a version said about a drawing."""
    first = answer.guesses[0]
    return Prediction.objects.create(
        drawing=drawing,
        model_version=answer.active.version,
        guesses=[[guess.label.slug, round(guess.probability, 6)] for guess in answer.guesses],
        label=first.label,
        probability=min(max(first.probability, 0.0), 1.0),
        unsure=answer.unsure,
    )


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
    return there


@transaction.atomic
def delete(*, drawing: Drawing) -> None:
    """Really delete a drawing and everything that was said about it."""
    people.hold(drawing.author_id)
    drawing.delete()
