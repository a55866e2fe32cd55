"""The worst mistakes of each version on its recognizer's base test, computed in the background."""

from __future__ import annotations

import base64
import logging
from typing import Any

import cv2
import numpy as np
from django.utils import timezone

from ml.bundles.bundle import Bundle, BundleError, verify_serving
from ml.data.sources import SOURCES
from ml.evaluation.base_test import BaseTest, read_base_test
from ml.evaluation.worst_mistakes import find_worst_mistakes
from recognizer.models import BaseTest as BaseTestRow
from recognizer.models import ModelVersion, WorstMistakes
from recognizer.models.model_version import OTHER_FILES

logger = logging.getLogger(__name__)

SHOWN = 12


def refresh_worst_mistakes() -> int:
    """Let one version that has not answered the base test of its recognizer answer it, the newest first.

    It takes a second or a few, so each call does one. Returns how many did: 1 or 0. A version whose labels or raster
    are not those of the test gets a row without mistakes.
    """
    for recognizer, sha256 in BaseTestRow.objects.values_list("recognizer", "sha256"):
        answered = WorstMistakes.objects.filter(test=sha256, guesses__isnull=False)
        waiting = ModelVersion.objects.filter(recognizer=recognizer).exclude(pk__in=answered.values("pk"))
        version = waiting.defer(*OTHER_FILES).order_by("-pk").first()
        if version is not None:
            row = BaseTestRow.objects.get(pk=recognizer)
            defaults = {**_answer(version, bytes(row.content)), "test": row.sha256, "counted": timezone.now()}
            WorstMistakes.objects.update_or_create(version=version, defaults=defaults)
            return 1
    return 0


def _answer(version: ModelVersion, content: bytes) -> dict[str, Any]:
    """The columns of a row but `test` and `counted`."""
    nothing = {"found": [], "drawings": 0, "wrong": 0, "wrong_and_sure": 0, "guesses": {}}
    try:
        test = read_base_test(content)
        if not test.fits(Bundle(version.manifest, b"", b"")):
            return nothing
        predictor = verify_serving(version.manifest, bytes(version.tflite))
    except BundleError as error:
        logger.warning("%s cannot answer the base test of its recognizer: %s", version, error)
        return nothing
    limit = float(version.manifest["unsure_below"])
    # Enough of them to find SHOWN that may be shown.
    worst = find_worst_mistakes(predictor, test.rasters, test.labels, unsure_below=limit, count=len(test.labels))
    may_be_shown = [mistake for mistake in worst.found if str(test.sources[mistake.row]) in SOURCES]
    return {
        "found": [_row(test, *mistake) for mistake in may_be_shown[:SHOWN]],
        "drawings": worst.drawings,
        "wrong": worst.wrong,
        "wrong_and_sure": worst.wrong_and_sure,
        "guesses": {test.slugs[at]: int((worst.answers == at).sum()) for at in np.unique(worst.answers)},
        "unsure": worst.unsure,
        "confidence": float(worst.confidence.mean()) if worst.drawings else 0.0,
        "spread": float(worst.confidence.std()) if worst.drawings else 0.0,
    }


def _row(test: BaseTest, row: int, label: int, answer: int, probability: float) -> dict[str, Any]:
    """A mistake as it is stored. Only drawings of a data set with a known licence are shown."""
    return {
        "raster": base64.b64encode(cv2.imencode(".png", test.rasters[row])[1].tobytes()).decode("ascii"),
        "label": test.slugs[label],
        "answer": test.slugs[answer],
        "probability": round(probability, 4),
        "source": str(test.sources[row]),
    }
