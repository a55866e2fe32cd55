"""What the document of commit bf0948a allows still works: its examples, its query parameters and its media types.

`tests.api.document_examples` made the file of these requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from accounts.models import ApiKey, User
from recognizer import tasks
from recognizer.models import Drawing, Export
from tests.api.test_keys import BODY, program
from tests.recognizer.datasets.conftest import community, picture, rita, send_picture

__all__ = ["community", "rita"]

pytestmark = pytest.mark.django_db
REQUESTS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data" / "api_requests.json").read_text())
VALUES = {"recognizer": "digits", "label": "7", "cursor": "YWZ0ZXI6MTAw", "include": "raster", "as_of": 1}
FORMATS = {"date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01"}


@pytest.fixture
def app(rita: User, community: dict[str, Drawing]) -> Client:
    """A program of a reviewer, who may use every address."""
    User.objects.filter(pk=rita.pk).update(consented_at=timezone.now())
    return program(rita, *ApiKey.Scope.values)


def address(path: str, app: Client, rita: User) -> str:
    """The address of something that exists and is hers."""
    if "{uuid}" in path:
        saved = app.post("/api/v1/drawings", BODY, content_type="application/json").json()["id"]
        app.put(f"/api/v1/drawings/{saved}/correction", {"label": "7"}, content_type="application/json")
        rita.refresh_from_db()
        path = path.replace("{uuid}", str(send_picture(rita).uuid) if path.endswith("image") else saved)
    if path.startswith("/exports/"):
        Export.objects.all().delete()  # only one may be open
        export = app.post("/api/v1/exports", {"format": "csv"}, content_type="application/json").json()["id"]
        tasks.export(export)
        path = path.replace("{number}", str(export))
    return "/api/v1" + path.replace("{slug}", "digits").replace("{number}", "1")


def value_of(name: str, schema: dict[str, Any]) -> Any:
    """A value that the schema of the query parameter allows."""
    if name == "key":
        return ApiKey.objects.get().prefix
    if name in VALUES:
        return VALUES[name]
    return next(iter(schema.get("enum", [])), FORMATS.get(schema.get("format", ""), schema.get("minimum", "true")))


def bodies(operation: dict[str, Any]) -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """Each body that it allows, its media type, and what must stand in the query then."""
    for example in operation["examples"]:
        yield json.dumps(example), "application/json", {}
    for kind in operation["media_types"]:
        if kind == "multipart/form-data":
            form = {"recognizer": "digits", "image": SimpleUploadedFile("seven.png", picture(), "image/png")}
            yield encode_multipart(BOUNDARY, form), MULTIPART_CONTENT, {}
        elif kind.startswith("image/"):
            yield picture(), kind, {"recognizer": "digits"}


def test_the_file_has_requests_with_bodies_and_parameters() -> None:
    assert len(REQUESTS) > 25
    assert sum(len(each["examples"]) for each in REQUESTS) >= 8
    assert sum(len(each["query"]) for each in REQUESTS) > 20


def test_what_the_earlier_document_offers_still_works(app: Client, rita: User) -> None:
    refused = []
    for operation in REQUESTS:
        url = address(operation["path"], app, rita)
        parameters = {name: value_of(name, schema) for name, schema in operation["query"].items()}
        for body, kind, needed in list(bodies(operation)) or [("", "application/json", {})]:
            for query in (needed, needed | parameters) if parameters else (needed,):
                answer = app.generic(operation["method"], url, body, kind, query_params=query)
                if answer.status_code not in operation["statuses"]:
                    refused.append((operation["name"], kind, query, answer.status_code, answer.content[:300]))
    assert not refused
