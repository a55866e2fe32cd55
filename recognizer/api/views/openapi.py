"""The OpenAPI document of the API."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from recognizer.api.base import Endpoint
from recognizer.api.preconditions import not_modified


class DocumentView(Endpoint):
    """OpenAPI 3.1, as JSON or YAML."""

    permission_classes = [AllowAny]
    scopes = {"GET": None}
    as_yaml = False

    def get(self, request: Request) -> HttpResponse:
        """The document; each process builds it once, at the first request."""
        from recognizer.api.openapi.build import document  # megabytes that most processes never need

        made = document()
        if self.as_yaml:
            body, content_type, etag = made.yaml, "application/vnd.oai.openapi", made.etag.replace('"', '"y', 1)
        else:
            body, content_type, etag = made.json, "application/vnd.oai.openapi+json", made.etag
        response = HttpResponse(body, content_type=content_type, headers={"ETag": etag, "Cache-Control": "no-cache"})
        return not_modified(request, etag, response) or response
