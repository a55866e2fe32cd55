"""Ask the live versions again about stored drawings."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts import people
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import InkError
from recognizer.drawings.predict import Answer, recognise
from recognizer.drawings.store import save_prediction
from recognizer.models import Drawing, Prediction, Recognizer
from recognizer.registry import promotions, serving
from recognizer.review import outliers

if TYPE_CHECKING:
    pass

logger = logging.getLogger(__name__)
CAUGHT_UP = 2_000  # drawings of a recognizer, the newest, that each new version answers by itself
AT_ONCE = 200  # of them in one go
_CONSENTED = Q(author__consented_at__isnull=False)


def refresh_recent() -> int:
    """Let each active version answer some recent drawings that only earlier ones answered; returns how many.

    Called again and again it gets through the newest of each recognizer; older ones are asked by the task `ask_again`.
    """
    return sum(refresh_predictions(_behind(recognizer)) for recognizer in Recognizer.objects.all())


def _behind(recognizer: Recognizer) -> list[int]:
    promotion = promotions.current_promotion(recognizer.pk)
    if promotion is None:
        return []
    recent = recognizer.drawings.order_by("-id").values("id")[:CAUGHT_UP]
    answered = Prediction.objects.filter(drawing=OuterRef("pk"), model_version=promotion.model_version_id)
    behind = Drawing.objects.filter(~Exists(answered), pk__in=list(recent.values_list("id", flat=True)))
    return list(behind.filter(_CONSENTED).order_by("-id").values_list("id", flat=True)[:AT_ONCE])


def refresh_predictions(ids: Iterable[int]) -> int:
    """Append what the active versions say about these drawings now; returns how many answers are new.

    What is answered already, was deleted meanwhile, or belongs to somebody who no longer agrees is passed over.
    """
    found = Drawing.objects.filter(_CONSENTED, pk__in=list(ids)).select_related("recognizer")
    return sum(_ask_again(drawing) for drawing in found)


def _ask_again(drawing: Drawing) -> bool:
    try:
        version = serving.live_version(drawing.recognizer.slug).version
        if drawing.predictions.filter(model_version=version).exists():
            return False
        answer = recognise(recognizer=drawing.recognizer.slug, content=drawing.content())
    except (serving.NoModelError, InkError, ImageError) as error:
        logger.warning("drawing %s cannot be asked again: %s", drawing.uuid, error)
        return False
    return _append_answer(drawing, answer)


@transaction.atomic
def _append_answer(drawing: Drawing, answer: Answer) -> bool:
    people.lock_person(drawing.author_id)
    there = Drawing.objects.filter(pk=drawing.pk).exclude(predictions__model_version=answer.active.version).exists()
    if there:
        save_prediction(drawing=drawing, answer=answer)
        if answer.embedding is not None:
            outliers.update_oddness(drawing=drawing, active=answer.active, embedding=answer.embedding)
    return there
