"""What a program on a device needs to use a version's model, and to check itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ml.bundles.predictor import Predictor, is_unsure
from ml.preprocessing.golden import golden_inks
from ml.preprocessing.ink import PREPROCESS_VERSION, RasterSpec, parse_ink, rasterise


def device_labels(labels: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The labels of a manifest, in the order of the model's outputs: slug, glyph and name."""
    return [{name: label.get(name, "") for name in ("slug", "glyph", "name")} for label in labels]


def golden_vectors(
    predictor: Predictor, raster: RasterSpec, slugs: Sequence[str], unsure_below: float
) -> dict[str, Any]:
    """The golden inks with their rasters (in base64, row by row) and the answers of a version."""
    inks = golden_inks()
    rasters = np.stack([rasterise(parse_ink(ink), raster) for ink in inks.values()])
    answers = predictor.predict(rasters).probabilities  # (n, labels)
    return {
        "preprocess_version": PREPROCESS_VERSION,
        "raster": asdict(raster),
        "labels": list(slugs),
        "vectors": [
            {
                "name": name,
                "ink": ink,
                "raster": base64.b64encode(drawn.tobytes()).decode(),
                "guess": slugs[int(answer.argmax())],
                "unsure": bool(is_unsure(answer, unsure_below)),
                "probabilities": [round(float(value), 4) for value in answer],  # as the API answers
            }
            for (name, ink), drawn, answer in zip(inks.items(), rasters, answers, strict=True)
        ],
    }
