"""Model versions: their figures, and the model files that devices use themselves."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Any

from django.core.cache import cache
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ml.bundles.bundle import raster_spec
from ml.bundles.device import device_labels, golden_vectors
from ml.preprocessing.golden import golden_inks
from ml.preprocessing.ink import PREPROCESS_VERSION
from recognizer.api.authentication import CachedKeyAuthentication
from recognizer.api.base import Endpoint
from recognizer.api.pagination import JsonBoolean, ListQuery
from recognizer.api.preconditions import not_modified
from recognizer.models import ModelVersion, Promotion, Recognizer
from recognizer.registry import pinned, promotions, switch
from recognizer.registry.serving import NoModelError, live_version

FOREVER = "public, max-age=31536000, immutable"  # a version never changes
REVALIDATE = "public, no-cache"  # the live version does
_A_DAY = 24 * 3600  # seconds
A_SECOND = "public, max-age=1"  # open pages ask for the live versions every few seconds


class VersionsQuery(ListQuery):
    """Filters of the versions of a recognizer."""

    answered = JsonBoolean(required=False, help_text="Whether they were ever the live version.")

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The versions that match."""
        answered = self.validated_data.get("answered")
        return rows if answered is None else rows.filter(first_live__isnull=not answered)


class VersionsView(Endpoint):
    """The versions of a recognizer."""

    permission_classes = [AllowAny]
    scopes = {"GET": "models:read"}
    reads_query = ("get",)

    def get(self, request: Request, slug: str) -> Response:
        """The newest first, with their metrics and the verdict of the gate."""
        query = VersionsQuery.read(request)
        rows = query.apply(_versions_of(get_object_or_404(Recognizer, slug=slug)))
        return query.page(rows, request, lambda versions: [*map(_version_json, versions)])


class VersionView(Endpoint):
    """One version."""

    permission_classes = [AllowAny]
    scopes = {"GET": "models:read"}

    def get(self, request: Request, slug: str, number: int) -> Response:
        """The version with its labels and its model card."""
        versions = _versions_of(get_object_or_404(Recognizer, slug=slug))
        version = get_object_or_404(versions, number=number)
        names = ("summary", "results", "confusions", "limits", "trained_on")
        card = {name: (version.card or {}).get(name) for name in names}
        labels = [label["slug"] for label in version.labels]
        return Response({**_version_json(version), "labels": labels, "card": card})


class _ModelEndpoint(Endpoint):
    """What programs read that answer on a device: open to all, also with a key."""

    authentication_classes = [CachedKeyAuthentication]
    permission_classes = [AllowAny]
    scopes = {"GET": "models:read"}


class LiveVersionsView(_ModelEndpoint):
    """The live versions, for programs that answer on a device and follow promotions."""

    def get(self, request: Request) -> Response:
        """Number and SHA-256 of the live version of each recognizer that has one, in the order of the site."""
        results = []
        for slug in promotions.offered_recognizers().values_list("slug", flat=True):
            with contextlib.suppress(NoModelError):  # it has a version, but this process cannot load it
                version = live_version(slug).version
                results.append({"recognizer": slug, "model_version": version.number, "sha256": version.sha256})
        return Response({"results": results, "next": None}, headers={"Cache-Control": A_SECOND})


class ModelView(_ModelEndpoint):
    """What a device needs to know to use a model: the live version, or the one of a number."""

    def get(self, request: Request, slug: str, number: int | None = None) -> Response:
        """Labels in the order of the outputs, the raster, the threshold, and the address of the file."""
        found = _find_version(slug, number)
        version = _versions_of(found.recognizer).get(pk=found.pk)
        spec = raster_spec({"raster": version.raster or {}})
        model = {
            "recognizer": slug,
            "model_version": version.number,
            "sha256": version.sha256,
            "bytes": version.bytes,
            "file": reverse("api:version-model-file", args=[slug, version.number]),
            "vectors": reverse("api:version-vectors", args=[slug, version.number]),
            "labels": device_labels(version.labels),
            "raster": asdict(spec),
            "preprocess_version": version.preprocess_version,
            "input": {"shape": [1, spec.size, spec.size, 1], "type": "float32", "paper": 0.0, "ink": 1.0},
            "outputs": {
                "probabilities": {"shape": [1, len(version.labels) + 1], "last": "none of the labels"},
                "embedding": {"shape": [1, version.embedding_size]},
            },
            "unsure_below": version.unsure_below,
        }
        return Response(model, headers={"Cache-Control": REVALIDATE if number is None else FOREVER})


class ModelFileView(_ModelEndpoint):
    """The model file."""

    def get(self, request: Request, slug: str, number: int | None = None) -> HttpResponse:
        """A LiteRT file. Its ETag is its SHA-256."""
        version = _find_version(slug, number)
        etag = f'"{version.sha256}"'
        response = not_modified(request, etag) or _file(version, slug, whole=request.method != "HEAD")
        return _of_version(response, version, etag, lasts=number is not None)


class VectorsView(_ModelEndpoint):
    """Golden vectors: what a program that recognizes on a device is checked with."""

    def get(self, request: Request, slug: str, number: int | None = None) -> HttpResponse:
        """Inks with their rasters and the answers of the version. The ETag follows from its SHA-256."""
        version = _find_version(slug, number)
        etag = f'"{version.sha256}-{version.number}-{PREPROCESS_VERSION}-{len(golden_inks())}"'
        response = not_modified(request, etag) or Response(_vectors_json(slug, version, etag))
        return _of_version(response, version, etag, lasts=number is not None)


def _find_version(slug: str, number: int | None) -> ModelVersion:
    """What `pinned.find_version` finds, which raises; a recognizer that is switched off has no live version."""
    if number is None:
        switch.check_is_on(slug)
    return pinned.find_version(slug, number)


def _file(version: ModelVersion, slug: str, *, whole: bool) -> HttpResponse:
    """A response with the file, or only with the headers of one."""
    headers = {"Content-Disposition": f'attachment; filename="{slug}-{version.number}.tflite"'}
    response = HttpResponse(content_type="application/octet-stream", headers=headers)
    stored = ModelVersion.objects.filter(pk=version.pk)
    if whole:
        response.content = bytes(stored.values_list("tflite", flat=True).get())
    else:
        response["Content-Length"] = str(stored.values_list(Length("tflite"), flat=True).get())
    return response


def _of_version(response: HttpResponse, version: ModelVersion, etag: str, *, lasts: bool) -> HttpResponse:
    response["ETag"] = etag
    response["Model-Version"] = str(version.number)
    response["Cache-Control"] = FOREVER if lasts else REVALIDATE
    return response


def _vectors_json(slug: str, version: ModelVersion, etag: str) -> dict[str, Any]:
    """Computed once a day for all processes: a version that is not live has to be loaded for it."""
    key = f"vectors:{slug}:{etag}"
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        active = pinned.pinned_version(slug, version.number)
        slugs = [label.slug for label in active.labels]
        found = {
            "recognizer": slug,
            "model_version": active.version.number,
            "sha256": active.version.sha256,
            **golden_vectors(active.predictor, active.raster, slugs, active.unsure_below),
        }
        cache.set(key, found, _A_DAY)
    return found


def _versions_of(recognizer: Recognizer) -> QuerySet[Any]:
    """The versions of a recognizer, without their weights, with everything that `_version_json` needs."""
    newest = Promotion.objects.filter(recognizer=recognizer).order_by("-id").values("model_version")[:1]
    promotions = Promotion.objects.filter(model_version=OuterRef("pk")).order_by("id")
    names = ("metrics", "unsure_below", "labels", "raster", "embedding_size", "preprocess_version", "card")
    return (
        recognizer.versions.light()
        .annotate(
            **{name: F(f"manifest__{name}") for name in names},
            verdict=F("training_run__verdict"),
            bytes=Length("tflite"),
            live=Subquery(newest),
            first_live=Subquery(promotions.values("created")[:1]),
        )
        .order_by("-pk")
    )


def _version_json(version: Any) -> dict[str, Any]:
    verdict = version.verdict or {}
    return {
        "number": version.number,
        "created": version.created,
        "active": version.live == version.pk,
        "first_answered": version.first_live,
        "sha256": version.sha256,
        "bytes": version.bytes,
        "unsure_below": version.unsure_below,
        "metrics": version.metrics or {},
        "verdict": {"outcome": verdict["outcome"], "sentences": verdict["sentences"]} if verdict else None,
    }
