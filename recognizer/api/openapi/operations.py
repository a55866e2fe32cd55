"""What each address of the API does: the part of the document that is neither schema nor error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers

from recognizer.api.openapi import examples
from recognizer.api.openapi.schemas import OPEN, SLUG, TEXT, Json, page_of, ref
from recognizer.api.pagination import JsonBoolean, ListQuery
from recognizer.api.views.drawings import CorrectionsQuery, DrawingsQuery
from recognizer.api.views.usage import UsageQuery
from recognizer.api.views.versions import VersionsQuery

INK = ("invalid_ink", "empty_ink", "too_many_strokes", "too_many_points")
PICTURE = ("invalid_image", "blank_image", "image_too_large", "unsupported_image")
PREDICTING = (*INK, *PICTURE, "unknown_recognizer", "unknown_version", "version_unavailable", "no_model")
SAVING = ("consent_required", "id_taken")
REVIEWERS = "For reviewers, each their own."
MODEL = ("not_found", "unknown_recognizer", "unknown_version", "version_unavailable", "no_model")


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    `open_to_all`: anonymous requests are allowed. `scope`: what a key needs. `body`: the name of its schema. `drawing`:
    the body is a drawing: JSON, a form or a picture. `responses`: the schema by status. `codes`: errors of its own.
    `etag`: responses have an ETag. `links`: operations on what was created.
    """

    name: str
    tag: str
    summary: str
    scope: str | None
    responses: dict[int, Any]
    description: str = ""
    open_to_all: bool = False
    body: str = ""
    drawing: bool = False
    query: type[ListQuery] | None = None
    codes: tuple[str, ...] = ()
    etag: bool = False
    example: Any = None
    links: dict[str, Json] = field(default_factory=dict)


def _of_drawing(name: str, more: Json | None = None) -> Json:
    body = {"requestBody": more} if more else {}
    return {"operationId": name, "parameters": {"uuid": "$response.body#/id"}, **body}


_DRAWING_LINKS = {
    "read": _of_drawing("readDrawing"),
    "delete": _of_drawing("deleteDrawing"),
    "correct": _of_drawing("correct", {"label": "7"}),
    "unsay": _of_drawing("takeBack"),
    "picture": _of_drawing("readImage"),
    "answer": _of_drawing("readPrediction"),
    "feedback": _of_drawing("giveFeedback", {"correct": True}),
}
_EXPORT_LINKS: dict[str, Json] = {
    name: {"operationId": name, "parameters": {"number": "$response.body#/id"}}
    for name in ("readExport", "loadExport", "deleteExport")
}
BINARY: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
PNG: Json = {"type": "string", "contentMediaType": "image/png"}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("predict", "POST"): Operation(
        "predict", "Answers", "Recognize one drawing", "predict", {200: ref("Answer")},
        "Send ink, a picture as a data URL, a form with a file, or the picture itself as the body, which has its other "
        "fields in the query string. Nothing is saved without `keep`, which needs a person and the scope `feedback`.",
        open_to_all=True, body="Predict", drawing=True, codes=(*PREDICTING, *SAVING), example=examples.PREDICT,
    ),
    ("predict/batch", "POST"): Operation(
        "predictBatch", "Answers", "Recognize up to 256 drawings", "predict", {200: ref("Results")},
        "Each result is an answer or an error, with the index of its item. Each item counts against the limit, each "
        "picture also against the limit of pictures. The body may have 4 MB.",
        open_to_all=True, body="Batch", example=examples.BATCH,
        codes=("too_many_items", "unknown_recognizer", "unknown_version", "version_unavailable", "no_model"),
    ),
    ("predictions/{uuid}", "GET"): Operation(
        "readPrediction", "Answers", "Read a saved answer", "feedback", {200: ref("Kept")},
        codes=("not_found",), etag=True,
    ),
    ("predictions/{uuid}/feedback", "POST"): Operation(
        "giveFeedback", "Answers", "Give feedback on a saved answer", "feedback", {200: ref("Said")},
        "The feedback is a correction, and waits for a review like those made on the site. Sending the same again "
        "changes nothing.",
        body="Feedback", codes=("not_found", "unknown_label", "consent_required"), example={"label": "7"},
    ),
    ("recognizers", "GET"): Operation(
        "listRecognizers", "Recognizers", "All recognizers with their labels", None, {200: page_of(ref("Recognizer"))},
        open_to_all=True, etag=True,
    ),
    ("recognizers/{slug}", "GET"): Operation(
        "readRecognizer", "Recognizers", "One recognizer with its labels", None, {200: ref("Recognizer")},
        open_to_all=True, etag=True, codes=("not_found",),
    ),
    ("recognizers/{slug}/versions", "GET"): Operation(
        "listVersions", "Models", "The versions of a recognizer", "models:read", {200: page_of(ref("Version"))},
        open_to_all=True, etag=True, query=VersionsQuery, codes=("not_found",),
    ),
    ("recognizers/{slug}/versions/{number}", "GET"): Operation(
        "readVersion", "Models", "One version with its card", "models:read", {200: ref("VersionInFull")},
        open_to_all=True, etag=True, codes=("not_found",),
    ),
    ("recognizers/{slug}/model", "GET"): Operation(
        "readModel", "Models", "What a device needs to use the live model", "models:read", {200: ref("Model")},
        etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/model.tflite", "GET"): Operation(
        "loadModel", "Models", "The LiteRT file of the live model", "models:read",
        {200: ("application/octet-stream", BINARY)},
        "The ETag is the SHA-256, the header `Model-Version` the number. Send `If-None-Match` to see if it changed.",
        etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/model", "GET"): Operation(
        "readVersionModel", "Models", "What a device needs to use one version", "models:read", {200: ref("Model")},
        etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/model.tflite", "GET"): Operation(
        "loadVersionModel", "Models", "The LiteRT file of one version", "models:read",
        {200: ("application/octet-stream", BINARY)}, "It never changes.", etag=True, codes=MODEL,
    ),
    ("drawings", "GET"): Operation(
        "listDrawings", "Drawings", "Your drawings, the newest first", "drawings", {200: page_of(ref("Drawing"))},
        etag=True, query=DrawingsQuery,
    ),
    ("drawings", "POST"): Operation(
        "keepDrawing", "Drawings", "Save a drawing and its answer", "drawings",
        {201: ref("Drawing"), 200: ref("Drawing")}, "200 if a drawing of this `id` was saved before.",
        body="Keep", drawing=True, codes=(*PREDICTING, *SAVING), example=examples.KEEP, links=_DRAWING_LINKS,
    ),
    ("drawings/{uuid}", "GET"): Operation(
        "readDrawing", "Drawings", "One drawing", "drawings", {200: ref("Drawing")}, codes=("not_found",), etag=True,
    ),
    ("drawings/{uuid}", "DELETE"): Operation(
        "deleteDrawing", "Drawings", "Delete a drawing", "drawings", {204: None}, codes=("not_found",),
    ),
    ("drawings/{uuid}/image", "GET"): Operation(
        "readImage", "Drawings", "The picture of a drawing that was sent as one", "drawings", {200: ("image/png", PNG)},
        codes=("not_found",), etag=True,
    ),
    ("drawings/{uuid}/correction", "GET"): Operation(
        "readCorrection", "Corrections", "The correction of a drawing", "drawings", {200: ref("Correction")},
        codes=("not_found",), etag=True,
    ),
    ("drawings/{uuid}/correction", "PUT"): Operation(
        "correct", "Corrections", "Confirm or correct a drawing", "drawings", {200: ref("Correction")},
        body="Label", codes=("not_found", "unknown_label"), example={"label": "7"},
    ),
    ("drawings/{uuid}/correction", "DELETE"): Operation(
        "takeBack", "Corrections", "Remove the correction", "drawings", {204: None}, codes=("not_found",),
    ),
    ("corrections", "GET"): Operation(
        "listCorrections", "Corrections", "Your corrections and the reviews of them", "drawings",
        {200: page_of(ref("ListedCorrection"))}, etag=True, query=CorrectionsQuery,
    ),
    ("exports", "GET"): Operation(
        "listExports", "Exports", "Your exports, the newest first", "export", {200: page_of(ref("Export"))},
        REVIEWERS, etag=True, query=ListQuery, codes=("permission_denied",),
    ),
    ("exports", "POST"): Operation(
        "export", "Exports", "Request a file of drawings", "export", {201: ref("Export")},
        f"{REVIEWERS} A worker writes it: read the export until its state is `ready`. Only one at a time.",
        body="Wanted", codes=("export_open",), example=examples.EXPORT, links=_EXPORT_LINKS,
    ),
    ("exports/{number}", "GET"): Operation(
        "readExport", "Exports", "The progress of an export", "export", {200: ref("Export")}, REVIEWERS,
        codes=("not_found", "permission_denied"), etag=True,
    ),
    ("exports/{number}", "DELETE"): Operation(
        "deleteExport", "Exports", "Delete an export and its file", "export", {204: None},
        f"{REVIEWERS} If it is being written, the worker stops.", codes=("not_found",),
    ),
    ("exports/{number}/file", "GET"): Operation(
        "loadExport", "Exports", "The file of an export", "export", {200: ("application/octet-stream", BINARY)},
        f"{REVIEWERS} Its content type depends on the format; its ETag is its SHA-256. When one of its drawings is "
        "deleted, the file is deleted too.",
        codes=("not_found", "permission_denied", "export_unfinished", "export_gone"), etag=True,
    ),
    ("usage", "GET"): Operation(
        "readUsage", "Usage", "Calls by day and key", None, {200: page_of(ref("Use"))},
        "A key gets its own calls only. Calls of the last few seconds may be missing.", etag=True, query=UsageQuery,
    ),
    ("openapi.json", "GET"): Operation(
        "readDocument", "This document", "This document as JSON", None,
        {200: ("application/vnd.oai.openapi+json", OPEN)}, open_to_all=True, etag=True,
    ),
    ("openapi.yaml", "GET"): Operation(
        "readDocumentAsYaml", "This document", "This document as YAML", None,
        {200: ("application/vnd.oai.openapi", TEXT)}, open_to_all=True, etag=True,
    ),
}  # fmt: skip


def query_parameters(query: type[ListQuery]) -> list[Json]:
    """The query parameters of a list, from the serializer that reads them."""
    fields = query().fields.items()
    return [query_parameter(name, str(field.help_text or ""), _field_schema(field)) for name, field in fields]


def query_parameter(name: str, description: str, schema: Json) -> Json:
    """An optional parameter of the query string."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _field_schema(field: serializers.Field) -> Json:
    if isinstance(field, JsonBoolean):
        return {"type": "boolean"}
    if isinstance(field, serializers.IntegerField):
        return {"type": "integer", "minimum": field.min_value, "maximum": field.max_value, "default": field.default}
    if isinstance(field, serializers.ChoiceField):
        return {"enum": list(field.choices)}
    if isinstance(field, serializers.DateTimeField):
        return {"type": "string", "format": "date-time"}
    if isinstance(field, serializers.DateField):
        return {"type": "string", "format": "date"}
    if isinstance(field, serializers.SlugField):
        return SLUG
    return {"type": "string", "minLength": 1, "maxLength": getattr(field, "max_length", None) or 64}
