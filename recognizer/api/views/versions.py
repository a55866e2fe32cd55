"""Model versions: what is told of them, and the files that devices answer with themselves."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.base import Endpoint
from recognizer.api.etags import ConditionalEndpoint, known
from recognizer.api.output_versions import model_json, version_in_full_json, version_json, versions
from recognizer.api.pagination import ListQuery, Whether, asked_of, listed
from recognizer.api.requests import refusals
from recognizer.models import ModelVersion, Recognizer
from recognizer.registry import pinned, serving

FOR_EVER = "private, max-age=31536000, immutable"  # a version never changes
ASK_AGAIN = "private, no-cache"  # which one answers does


class VersionsView(ConditionalEndpoint):
    """The versions of a recognizer."""

    permission_classes = [AllowAny]
    scopes = {"GET": "models:read"}

    def get(self, request: Request, slug: str) -> Response:
        """The newest first, with what each measured, and what the gate said of it."""
        asked = asked_of(VersionsQuery, request)
        found = asked.apply(versions(get_object_or_404(Recognizer, slug=slug)))
        return listed(found, request, asked, lambda rows: [version_json(row) for row in rows])


class VersionView(ConditionalEndpoint):
    """One version."""

    permission_classes = [AllowAny]
    scopes = {"GET": "models:read"}

    def get(self, request: Request, slug: str, number: int) -> Response:
        """The same in full, with its card."""
        found = versions(get_object_or_404(Recognizer, slug=slug))
        return Response(version_in_full_json(get_object_or_404(found, number=number)))


class ModelView(ConditionalEndpoint):
    """What a device has to know to use a model: the one that answers, or a numbered one."""

    scopes = {"GET": "models:read"}

    def get(self, request: Request, slug: str, number: int | None = None) -> Response:
        """Labels in the order of the outputs, the raster, the threshold, and where the file is."""
        with refusals():
            active = serving.live_version(slug) if number is None else pinned.pinned_version(slug, number)
        found = versions(active.recognizer).get(pk=active.version.pk)
        return Response(model_json(found, active.recognizer))


class ModelFileView(Endpoint):
    """The file itself."""

    scopes = {"GET": "models:read"}

    def get(self, request: Request, slug: str, number: int | None = None) -> HttpResponse:
        """A LiteRT file; its ETag is its SHA-256, and who has it already is not sent it again."""
        with refusals():
            version = (serving.live_version(slug) if number is None else pinned.pinned_version(slug, number)).version
        etag = f'"{version.sha256}"'
        response = known(request, etag) or _file(version, slug)
        response["ETag"] = etag
        response["Model-Version"] = str(version.number)
        response["Cache-Control"] = ASK_AGAIN if number is None else FOR_EVER
        return response


class VersionsQuery(ListQuery):
    """Which versions to list."""

    answered = Whether(required=False, help_text="Whether they ever answered here.")

    def apply(self, found: Any) -> Any:
        """Narrow the versions down."""
        answered = self.validated_data.get("answered")
        return found if answered is None else found.filter(first__isnull=not answered)


def _file(version: ModelVersion, slug: str) -> HttpResponse:
    content = bytes(ModelVersion.objects.only("tflite").get(pk=version.pk).tflite)
    name = f"{slug}-{version.number}.tflite"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)
