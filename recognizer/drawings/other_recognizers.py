"""Elsewhere: another recognizer that is far surer of a drawing than the one that was asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import Error

from recognizer.drawings import predict
from recognizer.drawings.predict import Answer, Guess
from recognizer.registry import promotions, serving

if TYPE_CHECKING:
    from ml.preprocessing.content import Content
    from recognizer.models import Recognizer

logger = logging.getLogger(__name__)

FAR_SURER = 0.3  # more than the first guess here


@dataclass(frozen=True)
class BetterRecognizer:
    """The recognizer that is far surer, and its first guess."""

    recognizer: Recognizer
    guess: Guess


def find_better_recognizer(*, content: Content, than: Answer) -> BetterRecognizer | None:
    """The surest of the other recognizers, where one is far surer `than` the answer that was given.

    A strong answer costs nothing: the others are asked only where they could be far surer at all. What fails among
    them is logged, and costs nobody the answer that was given.
    """
    here = (than.personal or than).guesses[0].probability
    if here + FAR_SURER > 1:
        return None
    asked = [_ask(recognizer, content) for recognizer in _others(than.active.recognizer)]
    answers = [answer for answer in asked if answer and not answer.unsure]
    best = max(answers, key=lambda answer: answer.guesses[0].probability, default=None)
    if best is None or best.guesses[0].probability < here + FAR_SURER:
        return None
    return BetterRecognizer(best.active.recognizer, best.guesses[0])


def _others(recognizer: Recognizer) -> list[Recognizer]:
    try:
        return list(promotions.live_recognizers().exclude(pk=recognizer.pk))
    except Error as error:  # a database that is away for a moment is no reason to stop answering
        logger.warning("cannot look for other recognizers than %s: %s", recognizer.slug, error)
        return []


def _ask(recognizer: Recognizer, content: Content) -> Answer | None:
    """Its plain answer; None where it cannot give one, for whatever reason."""
    try:
        return predict.recognise(recognizer=recognizer.slug, content=content)
    except serving.NoModelError:
        return None
    except Exception:
        logger.exception("%s was asked about a drawing of another recognizer, and failed", recognizer.slug)
        return None
