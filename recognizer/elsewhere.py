"""Elsewhere: another recognizer that is far surer of a drawing than the one that was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recognizer import drawings, registry
from recognizer.drawings import Answer, Guess

if TYPE_CHECKING:
    from recognizer.content import Content
    from recognizer.models import Recognizer

SURE = 0.8  # of the first guess: above it, nobody else is asked
FAR_SURER = 0.3  # more than here


@dataclass(frozen=True)
class Elsewhere:
    """The recognizer that is far surer, and its first guess."""

    recognizer: Recognizer
    guess: Guess


def look(*, content: Content, than: Answer) -> Elsewhere | None:
    """The surest of the other recognizers, where one is far surer `than` the answer that was given.

    A sure answer costs nothing: the others are asked only about one that is unsure or weak.
    """
    given = than.personal or than
    here = given.guesses[0].probability
    if not given.unsure and here >= SURE:
        return None
    others = registry.recognizers().exclude(pk=than.active.recognizer.pk)
    answers = [answer for recognizer in others if (answer := _ask(recognizer, content)) and not answer.unsure]
    best = max(answers, key=lambda answer: answer.guesses[0].probability, default=None)
    if best is None or best.guesses[0].probability < here + FAR_SURER:
        return None
    return Elsewhere(best.active.recognizer, best.guesses[0])


def _ask(recognizer: Recognizer, content: Content) -> Answer | None:
    """Its plain answer; None where it has no version that can answer."""
    try:
        return drawings.recognise(recognizer=recognizer.slug, content=content)
    except registry.NoModelError:
        return None
