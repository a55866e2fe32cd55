"""The document of the API itself."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from recognizer.api.base import Endpoint
from recognizer.api.etags import unless_known


class DocumentView(Endpoint):
    """OpenAPI 3.1, as JSON or YAML."""

    permission_classes = [AllowAny]
    scopes = {"GET": None}
    as_yaml = False

    def get(self, request: Request) -> HttpResponse:
        """Made once in a process, at the first question."""
        from recognizer.api.openapi.build import document  # megabytes that a process which answers never needs

        made = document()
        body, kind = (made.yaml, "application/vnd.oai.openapi") if self.as_yaml else (made.json, JSON)
        headers = {"ETag": made.etag.replace('"', '"y', 1) if self.as_yaml else made.etag, "Cache-Control": "no-cache"}
        return unless_known(request, HttpResponse(body, content_type=kind, headers=headers))


JSON = "application/vnd.oai.openapi+json"
