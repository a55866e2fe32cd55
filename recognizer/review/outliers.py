"""Oddness: how unlike the other drawings of its label a corrected drawing looks to the live version.

Whoever corrects a drawing has it embedded for their memory, and its oddness is computed from that embedding. Imported
drawings are embedded in the background, and a prediction by a newer version updates the oddness.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache

import numpy as np

from ml.bundles.bundle import BundleError
from ml.embeddings.outliers import TypicalDrawings, learn_typical, outlier_scores
from ml.embeddings.personal_memory import unpack_answer
from ml.embeddings.replay_pack import read_pack
from recognizer import memory
from recognizer.models import Drawing, Label, ModelVersion, QueueEntry
from recognizer.registry import serving
from recognizer.registry.serving import LiveVersion
from recognizer.review import queue

logger = logging.getLogger(__name__)

AT_ONCE = 50  # drawings in memory, images among them
MOMENT = 1.0  # seconds for one call of refresh_oddness
HELD = 8  # versions whose typical embeddings a process caches, about 15 kB each
NOT_ODD = 0.0


def oddness_of(*, drawing: Drawing, label: Label, embedded: memory.Embedded) -> float | None:
    """How unlike other drawings of this label a drawing is, by an embedding made just now; above 1 it is an outlier.

    None if another version is live by now, or if the version's replay pack says nothing about this label.
    """
    live = serving.live_version(drawing.recognizer.slug)
    return _oddness(live, label.pk, embedded) if embedded.version_id == live.version.pk else None


def _oddness(live: LiveVersion, label: int, embedded: memory.Embedded) -> float | None:
    embedding, _probabilities = unpack_answer(embedded.packed, len(live.labels))
    return oddness_of_embedding(live, label, embedding)


def oddness_of_embedding(live: LiveVersion, label: int, embedding: np.ndarray) -> float | None:
    """The same for an embedding (width,) by this version; `label` is the id of a label."""
    typical = _typical(live.version.pk, live.version.sha256, len(live.labels))
    outputs = [each.pk for each in live.labels]
    if typical is None or label not in outputs:
        return None
    return float(outlier_scores(typical, embedding[np.newaxis], np.array([outputs.index(label)]))[0])


@lru_cache(maxsize=HELD)
def _typical(version: int, sha256: str, labels: int) -> TypicalDrawings | None:
    """Of a version, which never changes. The checksum is part of the key because a test database reuses ids."""
    pack = ModelVersion.objects.values_list("rehearsal", flat=True).get(pk=version)
    try:
        return learn_typical(read_pack(bytes(pack)), labels)
    except BundleError as error:
        logger.warning("version %d (%s) has no typical drawings: %s", version, sha256[:8], error)
        return None


def clear_cache() -> None:
    """Remove the typical embeddings of all versions from the cache."""
    _typical.cache_clear()


def refresh_oddness(*, max_seconds: float | None = None) -> int:
    """Compute missing oddness of waiting corrections, the newest first, for MOMENT by default; returns how many."""
    end, done = time.monotonic() + (MOMENT if max_seconds is None else max_seconds), 0
    unmeasured = QueueEntry.objects.waiting().filter(oddness__isnull=True).order_by("-correction")
    rows = unmeasured.select_related("correction__drawing__recognizer")
    while time.monotonic() < end and (found := list(rows[:AT_ONCE])):
        for entry in found:
            entry.oddness = _compute(entry.correction.drawing, entry.label_id)
        queue.save_oddness(found)
        done += len(found)
    return done


def _compute(drawing: Drawing, label: int) -> float:
    """NOT_ODD if it cannot be computed, so that it is not tried again."""
    try:
        live = serving.live_version(drawing.recognizer.slug)
    except serving.NoModelError:
        return NOT_ODD
    embedded = memory.embed_drawing(drawing, live)
    return (_oddness(live, label, embedded) if embedded else None) or NOT_ODD


def update_oddness(*, drawing: Drawing, live: LiveVersion, embedding: np.ndarray) -> None:
    """Replace the oddness of a waiting correction by what another version's embedding says."""
    found = list(QueueEntry.objects.waiting().filter(correction__drawing=drawing))
    for entry in found:
        entry.oddness = oddness_of_embedding(live, entry.label_id, embedding) or NOT_ODD
    queue.save_oddness(found)
