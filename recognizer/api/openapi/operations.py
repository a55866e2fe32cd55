"""What can be done, address by address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers

from recognizer.api.openapi import examples
from recognizer.api.openapi.schemas import OPEN, TEXT, Json, listing, ref
from recognizer.api.pagination import ListQuery, Whether
from recognizer.api.views.corrections import CorrectionsQuery
from recognizer.api.views.drawings import DrawingsQuery
from recognizer.api.views.usage import UsageQuery
from recognizer.api.views.versions import VersionsQuery

INK = ("invalid_ink", "empty_ink", "too_many_strokes", "too_many_points")
PICTURE = ("invalid_image", "blank_image", "image_too_large", "unsupported_image")
ASKED = (*INK, *PICTURE, "unknown_recognizer", "unknown_version", "version_unavailable", "no_model")
KEEPING = ("consent_required", "id_taken")
REVIEWERS = "For people who may review, each their own."
MODEL = ("not_found", "unknown_recognizer", "unknown_version", "version_unavailable", "no_model")


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    `open_to_all`: nobody has to say who they are. `scope`: what a key needs. `body`: the name of its schema; `ways`: of
    a drawing, in all ways that one may come. `gives`: what is answered, by status. `codes`: the errors of its own.
    """

    name: str
    tag: str
    summary: str
    scope: str | None
    gives: dict[int, Any]
    about: str = ""
    open_to_all: bool = False
    body: str = ""
    ways: bool = False
    query: type[ListQuery] | None = None
    codes: tuple[str, ...] = ()
    held: bool = False
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
        "predict", "Answers", "Recognise one drawing", "predict", {200: ref("Answer")},
        "Ink, a picture as a data URL, a form with a file, or the picture itself as the body (then the rest stands in "
        "the query). Nothing is kept unless `keep` asks for it, which needs a person and the scope `feedback`.",
        open_to_all=True, body="Predict", ways=True, codes=(*ASKED, *KEEPING), example=examples.PREDICT,
    ),
    ("predict/batch", "POST"): Operation(
        "predictBatch", "Answers", "Recognise up to 256 drawings", "predict", {200: ref("Results")},
        "One bad item does not spoil the rest: each result is an answer or an error, with its index. Each item counts "
        "against the limit, each picture also against that of pictures. The body may have 4 MB.",
        open_to_all=True, body="Batch", example=examples.BATCH,
        codes=("too_many_items", "unknown_recognizer", "unknown_version", "version_unavailable", "no_model"),
    ),
    ("predictions/{uuid}", "GET"): Operation(
        "readPrediction", "Answers", "Read a kept answer", "feedback", {200: ref("Kept")},
        codes=("not_found",), held=True,
    ),
    ("predictions/{uuid}/feedback", "POST"): Operation(
        "giveFeedback", "Answers", "Say what was right", "feedback", {200: ref("Said")},
        "The person's correction: it waits for a review like those made on the site. Saying the same again changes "
        "nothing.",
        body="Feedback", codes=("not_found", "unknown_label", "consent_required"), example={"label": "7"},
    ),
    ("recognizers", "GET"): Operation(
        "listRecognizers", "Recognizers", "All recognizers with their labels", None, {200: listing(ref("Recognizer"))},
        open_to_all=True, held=True,
    ),
    ("recognizers/{slug}", "GET"): Operation(
        "readRecognizer", "Recognizers", "One recognizer with its labels", None, {200: ref("Recognizer")},
        open_to_all=True, held=True, codes=("not_found",),
    ),
    ("recognizers/{slug}/versions", "GET"): Operation(
        "listVersions", "Models", "The versions of a recognizer", "models:read", {200: listing(ref("Version"))},
        open_to_all=True, held=True, query=VersionsQuery, codes=("not_found",),
    ),
    ("recognizers/{slug}/versions/{number}", "GET"): Operation(
        "readVersion", "Models", "One version with its card", "models:read", {200: ref("VersionInFull")},
        open_to_all=True, held=True, codes=("not_found",),
    ),
    ("recognizers/{slug}/model", "GET"): Operation(
        "readModel", "Models", "What a device needs to use the model that answers", "models:read", {200: ref("Model")},
        held=True, codes=MODEL,
    ),
    ("recognizers/{slug}/model.tflite", "GET"): Operation(
        "loadModel", "Models", "The LiteRT file that answers", "models:read",
        {200: ("application/octet-stream", BINARY)},
        "Its ETag is its SHA-256, its header `Model-Version` its number. Ask again with `If-None-Match`.",
        held=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/model", "GET"): Operation(
        "readVersionModel", "Models", "What a device needs to use one version", "models:read", {200: ref("Model")},
        held=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/model.tflite", "GET"): Operation(
        "loadVersionModel", "Models", "The LiteRT file of one version", "models:read",
        {200: ("application/octet-stream", BINARY)}, "It never changes.", held=True, codes=MODEL,
    ),
    ("drawings", "GET"): Operation(
        "listDrawings", "Drawings", "One's drawings, the newest first", "drawings", {200: listing(ref("Drawing"))},
        held=True, query=DrawingsQuery,
    ),
    ("drawings", "POST"): Operation(
        "keepDrawing", "Drawings", "Keep a drawing with its answer", "drawings",
        {201: ref("Drawing"), 200: ref("Drawing")}, "200 where the `id` was kept before.",
        body="Keep", ways=True, codes=(*ASKED, *KEEPING), example=examples.KEEP, links=_DRAWING_LINKS,
    ),
    ("drawings/{uuid}", "GET"): Operation(
        "readDrawing", "Drawings", "One drawing", "drawings", {200: ref("Drawing")}, codes=("not_found",), held=True,
    ),
    ("drawings/{uuid}", "DELETE"): Operation(
        "deleteDrawing", "Drawings", "Really delete a drawing", "drawings", {204: None}, codes=("not_found",),
    ),
    ("drawings/{uuid}/image", "GET"): Operation(
        "readImage", "Drawings", "The picture of a drawing that came as one", "drawings", {200: ("image/png", PNG)},
        codes=("not_found",), held=True,
    ),
    ("drawings/{uuid}/correction", "GET"): Operation(
        "readCorrection", "Corrections", "What its author says a drawing is", "drawings", {200: ref("Correction")},
        codes=("not_found",), held=True,
    ),
    ("drawings/{uuid}/correction", "PUT"): Operation(
        "correct", "Corrections", "Confirm or correct", "drawings", {200: ref("Correction")},
        body="Label", codes=("not_found", "unknown_label"), example={"label": "7"},
    ),
    ("drawings/{uuid}/correction", "DELETE"): Operation(
        "takeBack", "Corrections", "Take it back", "drawings", {204: None}, codes=("not_found",),
    ),
    ("corrections", "GET"): Operation(
        "listCorrections", "Corrections", "What one says of one's drawings, and what became of it", "drawings",
        {200: listing(ref("ListedCorrection"))}, held=True, query=CorrectionsQuery,
    ),
    ("exports", "GET"): Operation(
        "listExports", "Exports", "One's exports, the newest first", "export", {200: listing(ref("Export"))},
        REVIEWERS, held=True, query=ListQuery, codes=("permission_denied",),
    ),
    ("exports", "POST"): Operation(
        "export", "Exports", "Ask for a file of drawings", "export", {201: ref("Export")},
        f"{REVIEWERS} It is written in the background: ask for it until it is `ready`. One at a time; what is left out "
        "does not filter.",
        body="Wanted", codes=("export_open",), example=examples.EXPORT, links=_EXPORT_LINKS,
    ),
    ("exports/{number}", "GET"): Operation(
        "readExport", "Exports", "How far an export is", "export", {200: ref("Export")}, REVIEWERS,
        codes=("not_found", "permission_denied"), held=True,
    ),
    ("exports/{number}", "DELETE"): Operation(
        "deleteExport", "Exports", "Delete an export with its file", "export", {204: None},
        f"{REVIEWERS} One that is being written stops.", codes=("not_found",),
    ),
    ("exports/{number}/file", "GET"): Operation(
        "loadExport", "Exports", "The file of an export", "export", {200: ("application/octet-stream", BINARY)},
        f"{REVIEWERS} Its type is that of the format, its ETag its SHA-256. Once one of its drawings is deleted, so is "
        "the file.",
        codes=("not_found", "permission_denied", "export_unfinished", "export_gone"), held=True,
    ),
    ("usage", "GET"): Operation(
        "readUsage", "Usage", "Calls by day and key", None, {200: listing(ref("Use"))},
        "A key is told of itself alone. What is younger than some seconds may be missing.", held=True, query=UsageQuery,
    ),
    ("openapi.json", "GET"): Operation(
        "readDocument", "This document", "This document as JSON", None,
        {200: ("application/vnd.oai.openapi+json", OPEN)}, open_to_all=True, held=True,
    ),
    ("openapi.yaml", "GET"): Operation(
        "readDocumentAsYaml", "This document", "This document as YAML", None,
        {200: ("application/vnd.oai.openapi", TEXT)}, open_to_all=True, held=True,
    ),
}  # fmt: skip


def parameters(query: type[ListQuery]) -> list[Json]:
    """What a list may be asked, from what checks it."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": str(each.help_text or ""),
            "schema": _form(each),
        }
        for name, each in query().fields.items()
    ]


def _form(asked: serializers.Field) -> Json:
    if isinstance(asked, Whether):
        return {"type": "boolean"}
    if isinstance(asked, serializers.IntegerField):
        return {"type": "integer", "minimum": asked.min_value, "maximum": asked.max_value, "default": asked.default}
    if isinstance(asked, serializers.ChoiceField):
        return {"enum": list(asked.choices)}
    if isinstance(asked, serializers.DateTimeField):
        return {"type": "string", "format": "date-time"}
    if isinstance(asked, serializers.DateField):
        return {"type": "string", "format": "date"}
    if isinstance(asked, serializers.SlugField):
        return {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,50}$"}
    return {"type": "string", "minLength": 1, "maxLength": getattr(asked, "max_length", None) or 64}
