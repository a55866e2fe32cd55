"""Add predictions of newer live versions to saved drawings."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import lock_person
from ml.preprocessing.image import ImageError
from ml.preprocessing.ink import InkError
from recognizer.drawings.predict import recognise
from recognizer.drawings.store import save_prediction
from recognizer.models import Drawing, Prediction, Recognizer
from recognizer.registry import promotions, serving
from recognizer.review import outliers

logger = logging.getLogger(__name__)
CAUGHT_UP = 2_000  # newest drawings of a recognizer that each new version predicts without being asked
AT_ONCE = 200  # of them in one call
_CONSENTED = Q(author__consented_at__isnull=False)


def refresh_recent() -> int:
    """Let live versions predict some recent drawings that only earlier versions predicted; returns how many.

    Repeated calls get through the newest CAUGHT_UP drawings of each recognizer; the task `ask_again` takes any drawing.
    """
    done = 0
    for recognizer in Recognizer.objects.filter(is_on=True):
        if promotion := promotions.current_promotion(recognizer.pk):
            recent = list(recognizer.drawings.order_by("-id").values_list("id", flat=True)[:CAUGHT_UP])
            answered = Prediction.objects.filter(drawing=OuterRef("pk"), model_version=promotion.model_version_id)
            behind = Drawing.objects.filter(_CONSENTED, ~Exists(answered), pk__in=recent).order_by("-id")
            done += refresh_predictions(behind.values_list("id", flat=True)[:AT_ONCE])
    return done


def refresh_predictions(ids: Iterable[int]) -> int:
    """Let the live versions predict these drawings; returns how many predictions were added.

    Skips drawings with such a prediction, deleted ones, and those of people who withdrew their consent.
    """
    found = Drawing.objects.filter(_CONSENTED, pk__in=list(ids)).select_related("recognizer")
    return sum(_refresh(drawing) for drawing in found)


def _refresh(drawing: Drawing) -> bool:
    try:
        version = serving.live_version(drawing.recognizer.slug).version
        if drawing.predictions.filter(model_version=version).exists():
            return False
        answer = recognise(recognizer=drawing.recognizer.slug, content=drawing.content())
    except (serving.NoModelError, InkError, ImageError) as error:
        logger.warning("drawing %s gets no new prediction: %s", drawing.uuid, error)
        return False
    except Exception:  # of this drawing alone: the others must not wait for it
        logger.exception("drawing %s gets no new prediction", drawing.uuid)
        return False
    with transaction.atomic():
        lock_person(drawing.author_id)
        if not Drawing.objects.filter(pk=drawing.pk).exclude(predictions__model_version=answer.live.version).exists():
            return False
        save_prediction(drawing=drawing, answer=answer)
        if answer.embedding is not None:
            outliers.update_oddness(drawing=drawing, live=answer.live, embedding=answer.embedding)
    return True
