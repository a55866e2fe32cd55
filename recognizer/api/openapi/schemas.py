"""The JSON Schemas of the document. Those of request bodies come from the classes that read them (`api.input`)."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from ml.preprocessing.ink import MAX_COORDINATE, MAX_POINTS, MAX_STROKES
from recognizer.api.error_codes import CODES
from recognizer.api.input import MAX_VERSION, BatchBody, DrawingBody, ExportBody, LabelBody, Slug
from recognizer.datasets.formats import FORMATS
from recognizer.models import Export

Json = dict[str, Any]

SLUG: Json = Slug.SCHEMA
UUID: Json = {"type": "string", "format": "uuid"}
TIME: Json = {"type": "string", "format": "date-time"}
SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": MAX_VERSION}
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
FLAG: Json = {"type": "boolean"}
OPEN: Json = {"type": "object"}


def ref(name: str) -> Json:
    """A reference to a schema of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_schema(required: Json, optional: Json | None = None, description: str = "") -> Json:
    """An object with the properties that it always has, and those that it may have."""
    schema: Json = {"type": "object", "properties": {**required, **(optional or {})}}
    if required:
        schema["required"] = list(required)
    return {**schema, "description": description} if description else schema


def page_of(item: Json) -> Json:
    """One page of a list."""
    return object_schema({"results": array(item), "next": or_null({**TEXT, "format": "uri"})})


def or_null(schema: Json) -> Json:
    """The schema, or null."""
    return {"oneOf": [schema, {"type": "null"}]}


def array(item: Json, **more: Any) -> Json:
    """A list of such items."""
    return {"type": "array", "items": item, **more}


def body_schema(kind: type[msgspec.Struct], names: tuple[str, ...] = ()) -> Json:
    """The schema of a class of `api.input`, or of some of its fields; required ones first."""
    (_ref,), components = msgspec.json.schema_components([kind], schema_hook=attrgetter("SCHEMA"))
    schema = components[kind.__name__]
    fields = {name: _field_schema(field) for name, field in schema["properties"].items() if not names or name in names}
    needed = {name: fields.pop(name) for name in schema.get("required", [])}
    return object_schema(needed, fields, schema.get("description", ""))


def _field_schema(field: Json) -> Json:
    """A field as this document writes it: null as an alternative, and no default of null."""
    if "default" not in field:
        return field
    schema = {name: value for name, value in field.items() if name not in ("default", "anyOf")}
    if "anyOf" not in field:
        return or_null(schema)
    (alternative,) = [each for each in field["anyOf"] if each != {"type": "null"}]
    return or_null({**alternative, **schema})


_AXIS: Json = array({"type": "number", "minimum": -MAX_COORDINATE, "maximum": MAX_COORDINATE}, minItems=1)
_LABEL: Json = {"label": SLUG, "glyph": TEXT, "name": TEXT}
_MODEL_LABEL: Json = object_schema({"slug": SLUG, "glyph": TEXT, "name": TEXT})
_LENGTH: Json = {"type": "number", "description": "In pixels of the raster."}
_VERSION_USED: Json = {"recognizer": SLUG, "model_version": NUMBER}
_GUESSES: Json = {"guesses": array(ref("Guess")), "unsure": FLAG}
_ANSWER: Json = {**_VERSION_USED, **_GUESSES, "personal": ref("Personal")}
_EXTRAS: Json = {
    "embedding": array({"type": "number"}, description="With `include`: the last hidden layer."),
    "raster": {**TEXT, "description": "With `include`: what the network saw, as a data URL of a PNG."},
}
_METRICS: Json = {"type": "object", "additionalProperties": OPEN, "description": "By test set: values from 0 to 1."}
_VERDICT: Json = object_schema({"outcome": TEXT, "sentences": array(TEXT)}, description="The verdict of the gate.")
_SHA256: Json = {**TEXT, "pattern": "^[0-9a-f]{64}$"}
_VERSION: Json = {
    "number": NUMBER,
    "created": TIME,
    "active": FLAG,
    "first_answered": or_null(TIME),
    "sha256": _SHA256,
    "bytes": COUNT,
    "unsure_below": or_null(SHARE),
    "metrics": _METRICS,
    "verdict": or_null(_VERDICT),
}
_REVIEW: Json = object_schema(
    {
        "decision": {"enum": ["accepted", "relabelled", "rejected"]},
        "label": or_null(SLUG),
        "reason": or_null(TEXT),
        "created": TIME,
    }
)

_FILTERS: Json = {
    name: field["oneOf"][0]
    for name, field in body_schema(ExportBody)["properties"].items()
    if name not in ("format", "licence")
}

INK_DESCRIPTION = (
    f"Strokes, each `[[x…], [y…]]` or `[[x…], [y…], [t…]]`: as many x as y, and as t in milliseconds. At most "
    f"{MAX_STROKES} strokes and {MAX_POINTS:,} points. Position and size do not matter; y grows downwards."
)

SCHEMAS: dict[str, Json] = {
    "Error": object_schema(
        {"code": {"enum": [*CODES]}, "detail": TEXT, "field": or_null(TEXT)},
        description="Every error. `code` is stable, `detail` is a text for people and may change.",
    ),
    "Ink": array(array(_AXIS, minItems=2, maxItems=3), minItems=1, maxItems=MAX_STROKES, description=INK_DESCRIPTION),
    "Guess": object_schema({**_LABEL, "probability": SHARE}),
    "Personal": object_schema(
        {
            "used": {**FLAG, "description": "Whether the memory changed the probabilities."},
            "changed": {**FLAG, "description": "Whether the first guess or `unsure` differ from the model's."},
            "because": array(UUID, description="The remembered drawings behind this answer."),
            "model": or_null(object_schema(_GUESSES)),
        }
    ),
    "Answer": object_schema(
        _ANSWER,
        {
            "prediction": {**UUID, "description": "With `keep`: the id for feedback, which is the drawing's id."},
            "elsewhere": or_null(object_schema({"recognizer": SLUG, "title": TEXT, "guess": ref("Guess")})),
            **_EXTRAS,
        },
        "The probabilities add up to at most 1; the rest is “none of these”. `unsure`: do not trust the first guess.",
    ),
    "Predict": body_schema(DrawingBody),
    "Keep": body_schema(DrawingBody, ("recognizer", "id", "ink", "image", "personal", "as_of")),
    "Batch": body_schema(BatchBody),
    "Item": {"description": "An object with either `ink` or `image`. An invalid item gets an error of its own."},
    "Results": object_schema(
        {
            **_VERSION_USED,
            "results": array(
                {
                    "oneOf": [
                        object_schema({"index": COUNT, **_GUESSES}, _EXTRAS),
                        object_schema({"index": COUNT, "error": ref("Error")}),
                    ]
                }
            ),
        }
    ),
    "Kept": object_schema({"prediction": UUID, **_ANSWER, "correction": or_null(ref("Correction"))}),
    "Feedback": {
        "oneOf": [
            body_schema(LabelBody),
            object_schema({"correct": {"const": True}}, description="The first guess is right."),
        ]
    },
    "Said": object_schema({"prediction": UUID, "correction": ref("Correction")}),
    "Label": body_schema(LabelBody),
    "Correction": object_schema({**_LABEL, "agrees": FLAG, "created": TIME}),
    "ListedCorrection": object_schema(
        {"drawing": UUID, "recognizer": SLUG, **_LABEL, "created": TIME, "review": or_null(_REVIEW)}
    ),
    "Drawing": object_schema(
        {
            "id": UUID,
            "recognizer": SLUG,
            "created": TIME,
            "ink": or_null(ref("Ink")),
            "image": or_null({**TEXT, "description": "The address of the picture, if the drawing was sent as one."}),
            "prediction": or_null(object_schema({"model_version": NUMBER, **_GUESSES, "personal": ref("Personal")})),
            "correction": or_null(ref("Correction")),
        }
    ),
    "Recognizer": object_schema(
        {
            "slug": SLUG,
            "name": TEXT,
            "prompt": TEXT,
            "labels": array(object_schema({"slug": SLUG, "glyph": TEXT, "name": TEXT, "asked": TEXT, "tone": TEXT})),
            "model_version": or_null(NUMBER),
        }
    ),
    "Version": object_schema(_VERSION),
    "VersionInFull": object_schema({**_VERSION, "labels": array(SLUG), "card": OPEN}),
    "Model": object_schema(
        {
            **_VERSION_USED,
            "sha256": TEXT,
            "bytes": COUNT,
            "file": {**TEXT, "description": "The address of the model file."},
            "labels": array(_MODEL_LABEL, description="In the order of the outputs."),
            "raster": object_schema(
                {"size": COUNT, "box": _LENGTH, "pen": _LENGTH, "centre": {"enum": ["mass", "box"]}}
            ),
            "preprocess_version": COUNT,
            "input": OPEN,
            "outputs": OPEN,
            "unsure_below": SHARE,
        },
        description="What a device needs to make the raster, run the LiteRT file and read its outputs.",
    ),
    "Wanted": body_schema(ExportBody),
    "Export": object_schema(
        {
            "id": COUNT,
            "format": {"enum": list(FORMATS)},
            "licence": TEXT,
            "wanted": object_schema({}, _FILTERS, "The filters of the request."),
            "state": {"enum": list(Export.State.values)},
            "reason": or_null({**TEXT, "description": "Why there is no file: for `failed` and `gone`."}),
            "total": {**COUNT, "description": "Drawings to write."},
            "done": {**COUNT, "description": "Drawings written so far."},
            "size": or_null({**COUNT, "description": "Bytes of the file."}),
            "sha256": or_null(_SHA256),
            "created": TIME,
            "finished": or_null(TIME),
            "file": or_null({**TEXT, "description": "The address of the file once the state is `ready`."}),
        }
    ),
    "Use": object_schema(
        {"day": {**TEXT, "format": "date"}, "key": object_schema({"prefix": TEXT, "name": TEXT}), "calls": COUNT},
    ),
}  # fmt: skip
