"""The JSON Schemas of the document. Those of request bodies come from the classes that read them (`api.input`)."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import msgspec

from ml.bundles.labels import MODES
from ml.preprocessing.ink import MAX_COORDINATE, MAX_POINTS, MAX_STROKES
from recognizer.api.error_codes import CODES
from recognizer.api.input import (
    ITEM_FIELDS,
    KEEP_FIELDS,
    MAX_VERSION,
    BatchBody,
    CorrectionBody,
    DrawingBody,
    ExportBody,
    FeedbackBody,
    Slug,
)
from recognizer.datasets.filters import DECIDED, STATUSES
from recognizer.datasets.formats import FORMATS
from recognizer.models import Correction, Export

Json = dict[str, Any]

SLUG: Json = Slug.SCHEMA
UUID: Json = {"type": "string", "format": "uuid"}
TIME: Json = {"type": "string", "format": "date-time"}
BYTES: Json = {"type": "integer", "format": "int64", "minimum": 0}
SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": MAX_VERSION}
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
FLAG: Json = {"type": "boolean"}
OPEN: Json = {"type": "object", "additionalProperties": True}
BINARY: Json = {"type": "string", "format": "binary"}


def ref(name: str) -> Json:
    """A reference to a schema of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_schema(required: Json, optional: Json | None = None, description: str = "") -> Json:
    """An object with the properties that it always has, and those that it may have."""
    schema: Json = {"type": "object", "properties": {**required, **(optional or {})}}
    if required:
        schema["required"] = list(required)
    return {**schema, "description": description} if description else schema


def page_of(name: str) -> Json:
    """One page of a list of such items."""
    following = or_null({**TEXT, "format": "uri", "description": "The address of the next page."})
    return object_schema({"results": array(ref(name)), "next": following})


def open_enum(values: Iterable[str], description: str) -> Json:
    """A text of a response, with the values that it has today.

    It is not an `enum`: a generated client refuses a response with a value that its enum does not have.
    """
    known = [*values]
    shown = ", ".join(f"`{value}`" for value in known)
    return {**TEXT, "x-extensible-enum": known, "description": f"{description} One of {shown}. New ones may be added."}


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
    return {**object_schema(needed, fields, schema.get("description", "")), "additionalProperties": False}


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
_RECOGNIZER_LABEL: Json = {"slug": SLUG, "glyph": TEXT, "name": TEXT, "asked": TEXT, "tone": TEXT}
_CODED: Json = {
    "names": array(TEXT, description="Further names that people search for."),
    "codes": ref("LabelCodes"),
}
_LABEL: Json = {"label": SLUG, "glyph": TEXT, "name": TEXT}
_SAID: Json = {
    **_LABEL,
    "label": or_null(SLUG),
    "none_of_these": {**FLAG, "description": "The author says that no label is right. `label` is null."},
    "origin": or_null(open_enum(Correction.Origin.values, "`round`: the label is what a round asked for.")),
}
_LENGTH: Json = {"type": "number", "description": "In pixels of the raster."}
_VERSION_USED: Json = {"recognizer": SLUG, "model_version": NUMBER}
_GUESSES: Json = {"guesses": array(ref("Guess")), "unsure": FLAG}
_ANSWER: Json = {**_VERSION_USED, **_GUESSES, "personal": ref("PersonalAnswer")}
_ON_DEVICE: Json = {
    "on_device": {**FLAG, "description": "Whether the copy of the model on the author's device answered."}
}
_EXTRAS: Json = {
    "embedding": array({"type": "number"}, description="With `include`: the last hidden layer."),
    "raster": {**TEXT, "description": "With `include`: what the network saw, as a data URL of a PNG."},
}
_METRICS: Json = {"type": "object", "additionalProperties": OPEN, "description": "By test set: values from 0 to 1."}
SHA256: Json = {**TEXT, "pattern": "^[0-9a-f]{64}$"}
_VERSION: Json = {
    "number": NUMBER,
    "created": TIME,
    "active": FLAG,
    "first_answered": or_null(TIME),
    "sha256": SHA256,
    "bytes": BYTES,
    "unsure_below": or_null(SHARE),
    "metrics": _METRICS,
    "verdict": or_null(ref("Verdict")),
}

_DRAWING: Json = body_schema(DrawingBody)
_EXPORT: Json = body_schema(ExportBody)
_FILTERS: Json = {
    name: field["oneOf"][0] for name, field in _EXPORT["properties"].items() if name not in ("format", "licence")
} | {"status": array(open_enum(STATUSES, "A state of a drawing."))}

INK_DESCRIPTION = (
    f"Strokes, each `[[x…], [y…]]` or `[[x…], [y…], [t…]]`: as many x as y, and as t in milliseconds. At most "
    f"{MAX_STROKES} strokes and {MAX_POINTS:,} points. Position and size do not matter; y grows downwards."
)

# Client generators make a class of each schema. So that nothing collides, no schema is named as an operation, as one of
# its own properties or as a class that many languages have (Error), and no name ends like those that generators make
# themselves (Request, Response, Params, Body). A test checks this.
SCHEMAS: dict[str, Json] = {
    "ApiError": object_schema(
        {
            "code": open_enum(CODES, "What is wrong; stable."),
            "detail": TEXT,
            "field": or_null(TEXT),
            "request_id": TEXT,
        },
        description="Every error. `code` is stable, `detail` is a text for people and may change. `request_id` is the "
        "header `X-Request-Id`: name it when you report an error.",
    ),
    "Ink": array(array(_AXIS, minItems=2, maxItems=3), minItems=1, maxItems=MAX_STROKES, description=INK_DESCRIPTION),
    "Guess": object_schema({**_LABEL, "probability": SHARE}, _CODED, "With `include=codes` also names and codes."),
    "LabelCodes": object_schema(
        {},
        {
            "latex": array(ref("LatexCode")),
            "typst": array(TEXT),
            "unicode": array(ref("UnicodeCharacter")),
            "html": array(TEXT, description="Entities like `&plusmn;`."),
        },
        "How a symbol is written elsewhere. The first entry of a list is the usual one. A label has the lists that are "
        "known of it.",
    ),
    "LatexCode": object_schema(
        {
            "code": TEXT,
            "package": {**TEXT, "description": "The package that it needs; empty if none."},
            "mode": open_enum(MODES, "Where it can be written."),
        }
    ),
    "UnicodeCharacter": object_schema(
        {"character": TEXT, "code_point": {**TEXT, "description": "Like `U+00B1`."}, "name": TEXT}
    ),
    "ModelAnswer": object_schema(_GUESSES, description="The answer of the model without anybody's memory."),
    "PersonalAnswer": object_schema(
        {
            "used": {**FLAG, "description": "Whether the memory changed the probabilities."},
            "changed": {**FLAG, "description": "Whether the first guess or `unsure` differ from the model's."},
            "because": array(UUID, description="The remembered drawings behind this answer."),
            "model": or_null(ref("ModelAnswer")),
        }
    ),
    "OtherRecognizer": object_schema({"recognizer": SLUG, "title": TEXT, "guess": ref("Guess")}),
    "Answer": object_schema(
        _ANSWER,
        {
            "prediction": {**UUID, "description": "With `keep`: the id for feedback, which is the drawing's id."},
            "elsewhere": or_null(ref("OtherRecognizer")),
            "alike": array(
                ref("OtherRecognizer"),
                description="With the recognizer `any`: others that are nearly as sure, the surest first.",
            ),
            **_EXTRAS,
            "figure": or_null(ref("Figure")),
        },
        "The probabilities add up to at most 1; the rest is “none of these”. `unsure`: do not trust the first guess.",
    ),
    "Figure": object_schema(
        {
            "label": SLUG,
            "values": {
                "type": "object",
                "additionalProperties": OPEN,
                "description": "Places `[x, y]`, lengths, angles in degrees clockwise from the x axis. docs/api.md "
                "lists them by label.",
            },
            "path": {**TEXT, "description": "The outline as the data of an SVG path."},
            "box": array({"type": "number"}, minItems=4, maxItems=4, description="Left, top, width and height of it."),
            "error": {
                "type": "number",
                "description": "Root mean square distance of the ink from the outline, as a share of the ink's longer "
                "side.",
            },
        },
        description="With `include=figure`: the figure of the first guess that fits the ink best, in the units of the "
        "ink. Null for a picture, for a label that is no shape, and for ink without form.",
    ),
    "AnswerInput": _DRAWING,
    "DrawingInput": body_schema(DrawingBody, KEEP_FIELDS),
    "BatchInput": body_schema(BatchBody),
    "BatchItem": {
        **object_schema(
            {},
            {name: _DRAWING["properties"][name] for name in ITEM_FIELDS},
            "Send either `ink` or `image`. An invalid item gets an error of its own, not the whole batch.",
        ),
        "additionalProperties": False,
    },
    "BatchAnswer": object_schema({**_VERSION_USED, "results": array(ref("ItemAnswer"))}),
    "ItemAnswer": object_schema(
        {"index": COUNT}, {**_GUESSES, **_EXTRAS, "error": ref("ApiError")},
        "Either `guesses` and `unsure`, or `error`. `index` is the position of the item.",
    ),
    "SavedAnswer": object_schema(
        {"prediction": UUID, **_ON_DEVICE, **_ANSWER, "correction": or_null(ref("Correction"))}
    ),
    "FeedbackInput": {**body_schema(FeedbackBody), "minProperties": 1},
    "SavedFeedback": object_schema({"prediction": UUID, "correction": ref("Correction")}),
    "CorrectionInput": body_schema(CorrectionBody),
    "Correction": object_schema({**_SAID, "agrees": FLAG, "created": TIME}),
    "Review": object_schema(
        {
            "decision": open_enum(DECIDED, "The reviewer's decision."),
            "label": or_null(SLUG),
            "reason": or_null(TEXT),
            "created": TIME,
        }
    ),
    "ReviewedCorrection": object_schema(
        {"drawing": UUID, "recognizer": SLUG, **_SAID, "created": TIME, "review": or_null(ref("Review"))}
    ),
    "Drawing": object_schema(
        {
            "id": UUID,
            "recognizer": SLUG,
            "created": TIME,
            "ink": or_null(ref("Ink")),
            "image": or_null({**TEXT, "description": "The address of the picture, if the drawing was sent as one."}),
            "prediction": or_null(ref("DrawingAnswer")),
            "correction": or_null(ref("Correction")),
        }
    ),
    "DrawingAnswer": object_schema(
        {"model_version": NUMBER, **_ON_DEVICE, **_GUESSES, "personal": ref("PersonalAnswer")}
    ),
    "RecognizerLabel": object_schema(_RECOGNIZER_LABEL),
    "CodedLabel": object_schema(
        {
            **_RECOGNIZER_LABEL,
            **_CODED,
            "drawn": {**FLAG, "description": "Whether the file of `glyphs` has its shape: a symbol with this id."},
        }
    ),
    "CodedLabelPage": object_schema(
        {
            **page_of("CodedLabel")["properties"],
            "glyphs": or_null({**TEXT, "description": "The address of an SVG file with shapes of labels."}),
        }
    ),
    "Recognizer": object_schema(
        {
            "slug": SLUG,
            "name": TEXT,
            "prompt": TEXT,
            "labels": array(ref("RecognizerLabel")),
            "model_version": or_null(NUMBER),
        }
    ),
    "Verdict": object_schema({"outcome": TEXT, "sentences": array(TEXT)}, description="The verdict of the gate."),
    "ModelVersion": object_schema(_VERSION),
    "ModelVersionDetail": object_schema({**_VERSION, "labels": array(SLUG), "card": OPEN}),
    "LiveVersion": object_schema({**_VERSION_USED, "sha256": {**SHA256, "description": "Of the model file."}}),
    "DeviceModel": object_schema(
        {
            **_VERSION_USED,
            "sha256": TEXT,
            "bytes": BYTES,
            "file": {**TEXT, "description": "The address of the model file."},
            "vectors": {**TEXT, "description": "The address of the golden vectors."},
            "labels": array(ref("DeviceLabel"), description="In the order of the outputs."),
            "raster": ref("Raster"),
            "preprocess_version": COUNT,
            "input": OPEN,
            "outputs": OPEN,
            "unsure_below": SHARE,
        },
        description="What a device needs to make the raster, run the LiteRT file and read its outputs.",
    ),
    "DeviceLabel": object_schema({"slug": SLUG, "glyph": TEXT, "name": TEXT}),
    "Raster": object_schema(
        {
            "size": COUNT,
            "box": _LENGTH,
            "pen": _LENGTH,
            "centre": open_enum(("mass", "box"), "What is put into the centre."),
        }
    ),
    "GoldenVectors": object_schema(
        {
            **_VERSION_USED,
            "sha256": SHA256,
            "preprocess_version": COUNT,
            "raster": ref("Raster"),
            "labels": array(SLUG, description="In the order of the probabilities."),
            "vectors": array(ref("GoldenVector")),
        },
        description="Golden vectors of a version.",
    ),
    "GoldenVector": object_schema(
        {
            "name": TEXT,
            "ink": ref("Ink"),
            "raster": {
                **TEXT,
                "description": "Its levels row by row, a byte each, in base64: 0 is paper, 255 is ink.",
            },
            "guess": SLUG,
            "unsure": FLAG,
            "probabilities": array(SHARE, description="Of the labels; the rest to 1 is none of them."),
        }
    ),
    "ExportInput": _EXPORT,
    "ExportJob": object_schema(
        {
            "id": COUNT,
            "format": open_enum(FORMATS, "The format of the file."),
            "licence": TEXT,
            "wanted": ref("ExportFilters"),
            "state": open_enum(Export.State.values, "How far it is."),
            "reason": or_null({**TEXT, "description": "Why there is no file: for `failed` and `gone`."}),
            "total": {**COUNT, "description": "Drawings to write."},
            "done": {**COUNT, "description": "Drawings written so far."},
            "size": or_null({**BYTES, "description": "Bytes of the file."}),
            "sha256": or_null(SHA256),
            "created": TIME,
            "finished": or_null(TIME),
            "file": or_null({**TEXT, "description": "The address of the file once the state is `ready`."}),
        }
    ),
    "ExportFilters": object_schema({}, _FILTERS, "The filters of the request."),
    "UsageKey": object_schema({"prefix": TEXT, "name": TEXT}),
    "UsageDay": object_schema({"day": {**TEXT, "format": "date"}, "key": ref("UsageKey"), "calls": COUNT}),
}  # fmt: skip
SCHEMAS |= {
    f"{name}Page": page_of(name)
    for name in ("Recognizer", "LiveVersion", "ModelVersion", "Drawing", "ReviewedCorrection", "ExportJob", "UsageDay")
}
