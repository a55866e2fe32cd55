"""What each address of the API does: the part of the document that is neither schema nor error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers

from recognizer.api.input import MOMENT_SCHEMA
from recognizer.api.openapi import examples
from recognizer.api.openapi.schemas import BINARY, OPEN, SLUG, TEXT, Json, ref
from recognizer.api.pagination import JsonBoolean, ListQuery, Moment
from recognizer.api.views.drawings import CorrectionsQuery, DrawingsQuery
from recognizer.api.views.usage import UsageQuery
from recognizer.api.views.versions import VersionsQuery

INK = ("invalid_ink", "empty_ink", "too_many_strokes", "too_many_points")
PICTURE = ("invalid_image", "blank_image", "image_too_large", "unsupported_image")
RECOGNIZER = ("unknown_recognizer", "recognizer_off", "unknown_version", "version_unavailable", "no_model")
PREDICTING = (*INK, *PICTURE, *RECOGNIZER)
SAVING = ("consent_required", "id_taken", "drawing_deleted", "daily_limit")
FILTERS = ("unknown_recognizer", "unknown_label")
PICTURE_BODY = (
    "The body is a PNG, JPEG, WebP or BMP of at most 5 MB and 16 megapixels, as `application/octet-stream` or with its "
    "own content type."
)
REVIEWERS = "For reviewers, each their own."
VECTORS = (
    "Inks with the rasters that the version takes and its answers, to check a program that recognizes on a device. "
    "The raster must be equal but for 2 levels in 1 % of the pixels, the probabilities within 0.01."
)
MODEL = ("not_found", *RECOGNIZER)


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    `open_to_all`: anonymous requests are allowed. `scope`: what a key needs. `body`: the name of its schema. `picture`:
    the body is a picture, and the fields of `body` are in the query string. `responses`: the schema by status. `codes`:
    errors of its own. `etag`: responses have an ETag. `links`: operations on what was created.
    """

    name: str
    tag: str
    summary: str
    scope: str | None
    responses: dict[int, Any]
    description: str = ""
    open_to_all: bool = False
    body: str = ""
    picture: bool = False
    query: type[ListQuery] | None = None
    codes: tuple[str, ...] = ()
    etag: bool = False
    example: Any = None
    links: dict[str, Json] = field(default_factory=dict)


_DRAWING_LINKS: dict[str, Json] = {
    name: {"operationId": name, "parameters": {"uuid": "$response.body#/id"}}
    for name in (
        *("readDrawing", "deleteDrawing", "readDrawingPicture", "readPrediction", "giveFeedback"),
        *("saveCorrection", "deleteCorrection"),
    )
}
_EXPORT_LINKS: dict[str, Json] = {
    name: {"operationId": name, "parameters": {"number": "$response.body#/id"}}
    for name in ("readExport", "downloadExport", "deleteExport")
}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("predict", "POST"): Operation(
        "predict", "Predictions", "Recognize one drawing", "predict", {200: ref("Answer")},
        "Send `ink`, or a small picture as a data URL in `image`. The recognizer `any` asks all of them: the answer is "
        "the surest one, with its `recognizer`, and `alike` has look-alikes of others. Nothing is saved without "
        "`keep`, which needs a person, one recognizer and the scope `feedback`.",
        open_to_all=True, body="AnswerInput", codes=(*PREDICTING, *SAVING), example=examples.PREDICT,
    ),
    ("predict/picture", "POST"): Operation(
        "predictPicture", "Predictions", "Recognize one picture", "predict", {200: ref("Answer")},
        f"{PICTURE_BODY} The rest is as for `POST /predict`.",
        open_to_all=True, body="AnswerInput", picture=True, codes=(*PREDICTING, *SAVING),
    ),
    ("predict/batch", "POST"): Operation(
        "predictBatch", "Predictions", "Recognize up to 256 drawings", "predict", {200: ref("BatchAnswer")},
        "Each result is an answer or an error, with the index of its item. Each item counts against the limit, each "
        "picture also against the limit of pictures. The body may have 4 MB.",
        open_to_all=True, body="BatchInput", example=examples.BATCH,
        codes=("too_many_items", *RECOGNIZER),
    ),
    ("predictions/{uuid}", "GET"): Operation(
        "readPrediction", "Predictions", "Read a saved answer", "feedback", {200: ref("SavedAnswer")},
        codes=("not_found",), etag=True,
    ),
    ("predictions/{uuid}/feedback", "POST"): Operation(
        "giveFeedback", "Predictions", "Give feedback on a saved answer", "feedback", {200: ref("SavedFeedback")},
        "The feedback is a correction, and waits for a review like those made on the site. Send the right label, "
        "`correct` as true, or `none_of_these` as true if no label is right; nobody reviews or trains on the last. "
        "Sending the same again changes nothing.",
        body="FeedbackInput", codes=("not_found", "unknown_label", "consent_required"), example={"label": "7"},
    ),
    ("recognizers", "GET"): Operation(
        "listRecognizers", "Recognizers", "All recognizers with their labels", None, {200: ref("RecognizerPage")},
        open_to_all=True, etag=True,
    ),
    ("recognizers/{slug}", "GET"): Operation(
        "readRecognizer", "Recognizers", "One recognizer with its labels", None, {200: ref("Recognizer")},
        open_to_all=True, etag=True, codes=("not_found",),
    ),
    ("recognizers/{slug}/labels", "GET"): Operation(
        "listLabels", "Recognizers", "The labels of one recognizer with their codes", None,
        {200: ref("CodedLabelPage")},
        "All on one page: further names, and how LaTeX, Typst, Unicode and HTML write each. Store it with its ETag.",
        open_to_all=True, etag=True, codes=("not_found",),
    ),
    ("recognizers/{slug}/versions", "GET"): Operation(
        "listVersions", "Models", "The versions of a recognizer", "models:read", {200: ref("ModelVersionPage")},
        open_to_all=True, etag=True, query=VersionsQuery, codes=("not_found",),
    ),
    ("recognizers/{slug}/versions/{number}", "GET"): Operation(
        "readVersion", "Models", "One version with its card", "models:read", {200: ref("ModelVersionDetail")},
        open_to_all=True, etag=True, codes=("not_found",),
    ),
    ("live-versions", "GET"): Operation(
        "listLiveVersions", "Models", "The live version of each recognizer", "models:read",
        {200: ref("LiveVersionPage")},
        "For programs that answer on a device: small, and cheap to read every few seconds. Most responses of the API "
        "have the numbers in the header `Live-Versions`, too.",
        open_to_all=True, etag=True,
    ),
    ("recognizers/{slug}/model", "GET"): Operation(
        "readModel", "Models", "What a device needs to use the live model", "models:read", {200: ref("DeviceModel")},
        open_to_all=True, etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/model.tflite", "GET"): Operation(
        "downloadModel", "Models", "The LiteRT file of the live model", "models:read",
        {200: ("application/octet-stream", BINARY)},
        "The ETag is the SHA-256, the header `Model-Version` the number. Send `If-None-Match` to see if it changed.",
        open_to_all=True, etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/model", "GET"): Operation(
        "readVersionModel", "Models", "What a device needs to use one version", "models:read",
        {200: ref("DeviceModel")},
        open_to_all=True, etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/model.tflite", "GET"): Operation(
        "downloadVersionModel", "Models", "The LiteRT file of one version", "models:read",
        {200: ("application/octet-stream", BINARY)}, "It never changes.",
        open_to_all=True, etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/vectors", "GET"): Operation(
        "readVectors", "Models", "Golden vectors of the live model", "models:read", {200: ref("GoldenVectors")},
        VECTORS,
        open_to_all=True, etag=True, codes=MODEL,
    ),
    ("recognizers/{slug}/versions/{number}/vectors", "GET"): Operation(
        "readVersionVectors", "Models", "Golden vectors of one version", "models:read", {200: ref("GoldenVectors")},
        VECTORS,
        open_to_all=True, etag=True, codes=MODEL,
    ),
    ("drawings", "GET"): Operation(
        "listDrawings", "Drawings", "Your drawings, the newest first", "drawings", {200: ref("DrawingPage")},
        etag=True, query=DrawingsQuery, codes=FILTERS,
    ),
    ("drawings", "POST"): Operation(
        "saveDrawing", "Drawings", "Save a drawing and its answer", "drawings",
        {201: ref("Drawing"), 200: ref("Drawing")}, "200 if the same drawing was saved with this `id` before.",
        body="DrawingInput", codes=(*PREDICTING, *SAVING), example=examples.KEEP, links=_DRAWING_LINKS,
    ),
    ("pictures", "POST"): Operation(
        "savePicture", "Drawings", "Save a picture as a drawing, and its answer", "drawings",
        {201: ref("Drawing"), 200: ref("Drawing")},
        f"{PICTURE_BODY} 200 if the same drawing was saved with this `id` before.",
        body="DrawingInput", picture=True, codes=(*PREDICTING, *SAVING), links=_DRAWING_LINKS,
    ),
    ("drawings/{uuid}", "GET"): Operation(
        "readDrawing", "Drawings", "One drawing", "drawings", {200: ref("Drawing")}, codes=("not_found",), etag=True,
    ),
    ("drawings/{uuid}", "DELETE"): Operation(
        "deleteDrawing", "Drawings", "Delete a drawing", "drawings", {204: None}, codes=("not_found",),
    ),
    ("drawings/{uuid}/image", "GET"): Operation(
        "readDrawingPicture", "Drawings", "The picture of a drawing that was sent as one", "drawings",
        {200: ("image/png", BINARY)},
        codes=("not_found",), etag=True,
    ),
    ("drawings/{uuid}/correction", "GET"): Operation(
        "readCorrection", "Corrections", "The correction of a drawing", "drawings", {200: ref("Correction")},
        codes=("not_found",), etag=True,
    ),
    ("drawings/{uuid}/correction", "PUT"): Operation(
        "saveCorrection", "Corrections", "Confirm or correct a drawing", "drawings", {200: ref("Correction")},
        body="CorrectionInput", codes=("not_found", "unknown_label"), example={"label": "7"},
    ),
    ("drawings/{uuid}/correction", "DELETE"): Operation(
        "deleteCorrection", "Corrections", "Remove the correction", "drawings", {204: None}, codes=("not_found",),
    ),
    ("corrections", "GET"): Operation(
        "listCorrections", "Corrections", "Your corrections and the reviews of them", "drawings",
        {200: ref("ReviewedCorrectionPage")}, etag=True, query=CorrectionsQuery, codes=FILTERS,
    ),
    ("exports", "GET"): Operation(
        "listExports", "Exports", "Your exports, the newest first", "export", {200: ref("ExportJobPage")},
        REVIEWERS, etag=True, query=ListQuery, codes=("permission_denied",),
    ),
    ("exports", "POST"): Operation(
        "requestExport", "Exports", "Request a file of drawings", "export", {201: ref("ExportJob")},
        f"{REVIEWERS} A worker writes it: read the export until its state is `ready`. Only one at a time.",
        body="ExportInput", codes=("export_open",), example=examples.EXPORT, links=_EXPORT_LINKS,
    ),
    ("exports/{number}", "GET"): Operation(
        "readExport", "Exports", "The progress of an export", "export", {200: ref("ExportJob")}, REVIEWERS,
        codes=("not_found", "permission_denied"), etag=True,
    ),
    ("exports/{number}", "DELETE"): Operation(
        "deleteExport", "Exports", "Delete an export and its file", "export", {204: None},
        f"{REVIEWERS} If it is being written, the worker stops.", codes=("not_found",),
    ),
    ("exports/{number}/file", "GET"): Operation(
        "downloadExport", "Exports", "The file of an export", "export", {200: ("application/octet-stream", BINARY)},
        f"{REVIEWERS} Its content type depends on the format; its ETag is its SHA-256. When one of its drawings is "
        "deleted, the file is deleted too.",
        codes=("not_found", "permission_denied", "export_unfinished", "export_gone"), etag=True,
    ),
    ("usage", "GET"): Operation(
        "readUsage", "Usage", "Calls by day and key", None, {200: ref("UsageDayPage")},
        "A key gets its own calls only. Calls of the last few seconds may be missing.", etag=True, query=UsageQuery,
    ),
    ("openapi.json", "GET"): Operation(
        "readDocument", "Document", "This document as JSON", None,
        {200: ("application/vnd.oai.openapi+json", OPEN)}, open_to_all=True, etag=True,
    ),
    ("openapi.yaml", "GET"): Operation(
        "readDocumentAsYaml", "Document", "This document as YAML", None,
        {200: ("application/vnd.oai.openapi", TEXT)}, open_to_all=True, etag=True,
    ),
}  # fmt: skip


TAGS = {
    "Predictions": "Answers to drawings, and feedback on those that were saved.",
    "Recognizers": "Sets of labels that the site can tell apart.",
    "Models": "The versions of a recognizer's model, and their files.",
    "Drawings": "Your saved drawings.",
    "Corrections": "What you say that your drawings are.",
    "Exports": "Files of drawings for reviewers.",
    "Usage": "How many calls your keys made.",
    "Document": "This document.",
    "Webhooks": "What the site sends to your programs.",
}
"""The groups of operations."""


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
        return {"type": "string", "enum": list(field.choices)}
    if isinstance(field, Moment):
        return MOMENT_SCHEMA
    if isinstance(field, serializers.SlugField):
        return SLUG
    return {"type": "string", "minLength": 1, "maxLength": getattr(field, "max_length", None) or 64}
