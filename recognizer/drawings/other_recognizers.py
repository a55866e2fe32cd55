"""Find another recognizer that is far surer of a drawing than the one that was asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import Error

from ml.preprocessing.content import Content
from recognizer.drawings import predict
from recognizer.drawings.predict import Answer, Guess
from recognizer.models import Recognizer
from recognizer.registry import promotions, serving

logger = logging.getLogger(__name__)

FAR_SURER = 0.3  # how much more probable its first guess must be


@dataclass(frozen=True)
class BetterRecognizer:
    """A recognizer that is far surer, and its first guess."""

    recognizer: Recognizer
    guess: Guess


def find_better_recognizer(*, content: Content, than: Answer) -> BetterRecognizer | None:
    """The surest of the other recognizers, if it is far surer `than` the answer that was given.

    The others are asked only if one could be far surer at all. Their failures are logged and ignored.
    """
    needed = (than.personal or than).guesses[0].probability + FAR_SURER
    if needed > 1:
        return None
    asked = than.live.recognizer
    try:
        others = list(promotions.offered_recognizers().exclude(pk=asked.pk))
    except Error as error:  # the answer that was given stands without the database
        logger.warning("cannot read which recognizers there are besides %s: %s", asked.slug, error)
        return None
    answers = [answer for other in others if (answer := _ask(other, content)) and not answer.unsure]
    best = max(answers, key=lambda answer: answer.guesses[0].probability, default=None)
    if best is None or best.guesses[0].probability < needed:
        return None
    return BetterRecognizer(best.live.recognizer, best.guesses[0])


def _ask(recognizer: Recognizer, content: Content) -> Answer | None:
    try:
        return predict.recognise(recognizer=recognizer.slug, content=content)
    except serving.NoModelError:
        return None
    except Exception:
        logger.exception("%s failed for a drawing of another recognizer", recognizer.slug)
        return None
