"""Ask all recognizers about one drawing: the surest answer, and the others that see something that looks like it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accounts.models import User
from ml.evaluation.across import Asked, shares, shipped_numbers, trunk_of
from ml.preprocessing.content import Content
from recognizer.drawings import predict
from recognizer.drawings.other_recognizers import BetterRecognizer
from recognizer.drawings.predict import Answer
from recognizer.registry import install, pinned, promotions, serving

logger = logging.getLogger(__name__)

ANY = install.RESERVED  # what programs and addresses call all recognizers
ALIKE_SHARE = 0.1  # share of a recognizer whose answer is shown beside the surest one


@dataclass(frozen=True)
class AnyAnswer:
    """The surest answer, and those of other recognizers that are nearly as sure: a circle, an O and a zero."""

    best: Answer
    alike: list[BetterRecognizer]


def recognise_any(*, content: Content, person: User | None = None, pins: Mapping[str, int] | None = None) -> AnyAnswer:
    """The answers of all recognizers that are switched on, compared by `ml.evaluation.across`.

    `pins`: numbers of versions by slug, in place of the live ones. A recognizer that fails is left out, and logged.
    Raises serving.NoModelError if none can answer, and what `predict.recognise` raises about a version in `pins`.
    """
    slugs = promotions.offered_recognizers().values_list("slug", flat=True)
    answers = [answer for slug in slugs if (answer := _ask(slug, content, person, (pins or {}).get(slug)))]
    if not answers:
        raise serving.NoModelError("No recognizer can answer now.")
    share = shares(shipped_numbers().scores([_asked(answer) for answer in answers]))
    best, *others = np.argsort(-share, kind="stable").tolist()  # of equal ones the first in the order of the site
    alike = [answers[i] for i in others if share[i] >= ALIKE_SHARE and not _shown(answers[i]).unsure]
    return AnyAnswer(answers[best], [BetterRecognizer(each.live.recognizer, _shown(each).guesses[0]) for each in alike])


def _ask(slug: str, content: Content, person: User | None, as_of: int | None) -> Answer | None:
    try:
        return predict.recognise(recognizer=slug, content=content, person=person, as_of=as_of)
    except serving.NoModelError:
        return None
    except (pinned.UnknownVersionError, pinned.UnavailableVersionError):
        raise
    except Exception:
        logger.exception("%s failed when all recognizers were asked", slug)
        return None


def _shown(answer: Answer) -> predict.AdjustedAnswer | Answer:
    return answer.personal or answer


def _asked(answer: Answer) -> Asked:
    guesses = _shown(answer).guesses
    return Asked(
        answer.live.recognizer.slug,
        probability=guesses[0].probability,
        left=1 - guesses.total,
        embedding=answer.embedding,
        trunk=trunk_of(answer.live.version.manifest),
    )
