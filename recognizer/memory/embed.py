"""Reading: what a version makes of a drawing, as it is remembered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from django.db import Error

from ml.embeddings.personal_memory import pack_answer
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import InkError
from recognizer.enqueue import Task, send_on_commit
from recognizer.registry import serving

if TYPE_CHECKING:
    from recognizer.models import Drawing, Memory
    from recognizer.registry.serving import LiveVersion

logger = logging.getLogger(__name__)


class Embedded(NamedTuple):
    """What a version made of a drawing."""

    version_id: int
    packed: bytes


def embed_with_live_version(drawing: Drawing) -> Embedded | None:
    """What the active version makes of a drawing; None where that cannot be said now. Raises nothing."""
    try:
        return embed_drawing(drawing, serving.live_version(drawing.recognizer.slug))
    except (serving.NoModelError, Error) as error:
        logger.warning("drawing %s is read later: %s", drawing.uuid, error)
        return None


def embed_drawing(drawing: Drawing, active: LiveVersion) -> Embedded | None:
    """What this version makes of a drawing; None where today's rules no longer take it."""
    try:
        answers = active.predictor.predict(drawing.content().raster(active.raster)[None])
    except (InkError, ImageError) as error:
        logger.warning("drawing %s cannot be remembered: %s", drawing.uuid, error)
        return None
    return Embedded(active.version.pk, pack_answer(answers.embeddings[0], answers.probabilities[0]))


def enqueue(memory: Memory) -> None:
    """Let a worker read what the active version has not read, once this is committed. Lost, the tick does it."""
    send_on_commit(Task.REFRESH_MEMORY, memory.pk)
