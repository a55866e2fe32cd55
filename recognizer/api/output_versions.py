"""Model versions as the API tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length
from django.urls import reverse

from ml.bundles.bundle import raster_spec
from recognizer.models import Promotion, Recognizer


def versions(recognizer: Recognizer) -> QuerySet[Any]:
    """The versions of a recognizer without their weights, with what is told of them."""
    newest = Promotion.objects.filter(recognizer=recognizer).order_by("-id").values("model_version")[:1]
    answered = Promotion.objects.filter(model_version=OuterRef("pk")).order_by("id")
    told = {name: F(f"manifest__{name}") for name in ("metrics", "unsure_below", "labels", "raster")}
    return (
        recognizer.versions.light()
        .annotate(
            **told,
            embedding_size=F("manifest__embedding_size"),
            preprocess_version=F("manifest__preprocess_version"),
            card=F("manifest__card"),
            verdict=F("training_run__verdict"),
            bytes=Length("tflite"),
            answers=Subquery(newest),
            first=Subquery(answered.values("created")[:1]),
        )
        .order_by("-pk")
    )


def version_json(version: Any) -> dict[str, Any]:
    """One of `versions`, as a list tells of it."""
    verdict = version.verdict or {}
    return {
        "number": version.number,
        "created": version.created,
        "active": version.answers == version.pk,
        "first_answered": version.first,
        "sha256": version.sha256,
        "bytes": version.bytes,
        "unsure_below": version.unsure_below,
        "metrics": version.metrics or {},
        "verdict": {"outcome": verdict["outcome"], "sentences": verdict["sentences"]} if verdict else None,
    }


def version_in_full_json(version: Any) -> dict[str, Any]:
    """The same with what its card tells: how it was made, what it gets wrong, what it must not be used for."""
    card = version.card or {}
    told = {name: card.get(name) for name in ("summary", "results", "confusions", "limits", "trained_on")}
    return {**version_json(version), "labels": [label["slug"] for label in version.labels], "card": told}


def model_json(version: Any, recognizer: Recognizer) -> dict[str, Any]:
    """All that a device needs to use the model by itself."""
    spec = raster_spec({"raster": version.raster or {}})
    slugs: Iterable[dict[str, str]] = version.labels
    return {
        "recognizer": recognizer.slug,
        "model_version": version.number,
        "sha256": version.sha256,
        "bytes": version.bytes,
        "file": reverse("api:version-model-file", args=[recognizer.slug, version.number]),
        "labels": [{name: label.get(name, "") for name in ("slug", "glyph", "name")} for label in slugs],
        "raster": asdict(spec),
        "preprocess_version": version.preprocess_version,
        "input": {"shape": [1, spec.size, spec.size, 1], "type": "float32", "paper": 0.0, "ink": 1.0},
        "outputs": {
            "probabilities": {"shape": [1, len(version.labels) + 1], "last": "none of the labels"},
            "embedding": {"shape": [1, version.embedding_size]},
        },
        "unsure_below": version.unsure_below,
    }
