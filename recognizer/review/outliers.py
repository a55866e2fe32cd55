"""Outliers: corrections whose drawing looks unlike what its label usually looks like to the version that answers.

Whoever says what a drawing is has it read for their memory anyway, and the oddness comes of that (`of`). What came in
bulk is read in the background, and drawings that a newer version is asked about are measured by it, too.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import ml.embeddings.outliers
from ml.bundles.bundle import BundleError
from ml.embeddings.outliers import TypicalDrawings
from ml.embeddings.personal_memory import unpack_answer
from ml.embeddings.replay_pack import read_pack as unpack_rehearsal
from recognizer import memory
from recognizer.models import Drawing, Label, ModelVersion, QueueEntry
from recognizer.registry import serving
from recognizer.review import queue

if TYPE_CHECKING:
    from recognizer.registry.serving import LiveVersion

logger = logging.getLogger(__name__)

AT_ONCE = 50  # drawings in memory, pictures among them
MOMENT = 1.0  # seconds of a tick
HELD = 8  # versions whose usual embeddings a process holds, some 15 kB each
NOT_ODD = 0.0


def oddness_of(*, drawing: Drawing, label: Label, seen: memory.Embedded) -> float | None:
    """How unlike others of this label a drawing is, which was read a moment ago; above 1 it is an outlier.

    None where that cannot be said now: another version answers by now, or its bundle says nothing of what is usual.
    """
    active = serving.live_version(drawing.recognizer.slug)
    return _of(active, label.pk, seen) if seen.version_id == active.version.pk else None


def _of(active: LiveVersion, label: int, seen: memory.Embedded) -> float | None:
    embedding, _probabilities = unpack_answer(seen.packed, len(active.labels))
    return oddness_of_embedding(active, label, embedding)


def oddness_of_embedding(active: LiveVersion, label: int, embedding: np.ndarray) -> float | None:
    """The same of an embedding (width,) that this version gave; `label` is a label's id."""
    usual = _usual(active.version.pk, active.version.sha256, len(active.labels))
    outputs = [each.pk for each in active.labels]
    if usual is None or label not in outputs:
        return None
    return float(
        ml.embeddings.outliers.outlier_scores(usual, embedding[np.newaxis], np.array([outputs.index(label)]))[0]
    )


@lru_cache(maxsize=HELD)
def _usual(version: int, sha256: str, labels: int) -> TypicalDrawings | None:
    """Of a version, which never changes; the checksum, as identifiers may be given out again."""
    pack = ModelVersion.objects.values_list("rehearsal", flat=True).get(pk=version)
    try:
        return ml.embeddings.outliers.learn_typical(unpack_rehearsal(bytes(pack)), labels)
    except BundleError as error:
        logger.warning("version %d (%s) cannot tell what is usual: %s", version, sha256[:8], error)
        return None


def clear_cache() -> None:
    """Drop what is held of versions."""
    _usual.cache_clear()


def refresh_oddness() -> int:
    """Measure what waits and was not measured, the newest first; returns how many."""
    end, done = time.monotonic() + MOMENT, 0
    while time.monotonic() < end and (some := _measure_some()):
        done += some
    return done


def _measure_some() -> int:
    unmeasured = QueueEntry.objects.waiting().filter(oddness__isnull=True).order_by("-correction")
    found = list(unmeasured.select_related("correction__drawing__recognizer")[:AT_ONCE])
    for entry in found:
        entry.oddness = _measured(entry.correction.drawing, entry.label_id)
    queue.save_oddness(found)
    return len(found)


def _measured(drawing: Drawing, label: int) -> float:
    """What cannot be measured is not odd, and is not tried again."""
    try:
        active = serving.live_version(drawing.recognizer.slug)
    except serving.NoModelError:
        return NOT_ODD
    seen = memory.embed_drawing(drawing, active)
    return (_of(active, label, seen) if seen else None) or NOT_ODD


def update_oddness(*, drawing: Drawing, active: LiveVersion, embedding: np.ndarray) -> None:
    """Another version has read a drawing: what it makes of it counts, where a correction of it waits."""
    found = list(QueueEntry.objects.waiting().filter(correction__drawing=drawing))
    for entry in found:
        entry.oddness = oddness_of_embedding(active, entry.label_id, embedding) or NOT_ODD
    queue.save_oddness(found)
