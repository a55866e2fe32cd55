"""The forms of what is sent and answered, as JSON Schema."""

from __future__ import annotations

from typing import Any

from ml.preprocessing.ink import MAX_COORDINATE, MAX_POINTS, MAX_STROKES
from recognizer.api.batch_input import MOST_ITEMS
from recognizer.api.error_codes import CODES
from recognizer.api.options import EXTRAS, MOST_GUESSES, NEWEST
from recognizer.datasets.filters import STATUSES
from recognizer.datasets.formats import FORMATS, MAX_LICENCE_LENGTH
from recognizer.models import Export

Json = dict[str, Any]

SLUG: Json = {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,50}$"}
UUID: Json = {"type": "string", "format": "uuid"}
TIME: Json = {"type": "string", "format": "date-time"}
SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": NEWEST}
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
FLAG: Json = {"type": "boolean"}
OPEN: Json = {"type": "object"}


def ref(name: str) -> Json:
    """A form of this module by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing(needed: Json, may: Json | None = None, about: str = "") -> Json:
    """An object with what it always has, and what it may have."""
    form: Json = {"type": "object", "properties": {**needed, **(may or {})}}
    if needed:
        form["required"] = list(needed)
    return {**form, "description": about} if about else form


def listing(item: Json) -> Json:
    """One page of a list."""
    return thing({"results": {"type": "array", "items": item}, "next": or_null({**TEXT, "format": "uri"})})


def or_null(form: Json) -> Json:
    """The form, or nothing."""
    return {"oneOf": [form, {"type": "null"}]}


def nullable(fields: Json) -> Json:
    """Fields that may as well be null, which is as if they were left out."""
    return {name: or_null(form) for name, form in fields.items()}


def array(item: Json, **more: Any) -> Json:
    """A list of such things."""
    return {"type": "array", "items": item, **more}


_AXIS: Json = array({"type": "number", "minimum": -MAX_COORDINATE, "maximum": MAX_COORDINATE}, minItems=1)
_LABEL: Json = {"label": SLUG, "glyph": TEXT, "name": TEXT}
_PLAIN_LABEL: Json = thing({"slug": SLUG, "glyph": TEXT, "name": TEXT})
_LENGTH: Json = {"type": "number", "description": "In pixels of the raster."}
_SOURCE: Json = {"recognizer": SLUG, "model_version": NUMBER}
_SAID: Json = {"guesses": array(ref("Guess")), "unsure": FLAG}
_ANSWER: Json = {**_SOURCE, **_SAID, "personal": ref("Personal")}
_EXTRAS: Json = {
    "embedding": array({"type": "number"}, description="With `include`: the last hidden layer."),
    "raster": {**TEXT, "description": "With `include`: what the network saw, as a data URL of a PNG."},
}
_OPTIONS: Json = {
    "top_k": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_GUESSES,
        "description": "Only so many guesses, the likeliest.",
    },
    "threshold": {**SHARE, "description": "`unsure` is true below it, instead of below the version's own threshold."},
    "as_of": {**NUMBER, "description": "The number of a version that answered here; else the one that answers now."},
    "include": array({"enum": list(EXTRAS)}, description="What else to send."),
}
_PICTURE: Json = {
    **TEXT,
    "pattern": "^data:image/[A-Za-z0-9.+-]+;base64,",
    "description": "A PNG, JPEG, WebP or BMP of at most 16 megapixels as a data URL.",
}
_MEMORY: Json = {
    "personal": {**FLAG, "description": "Whether the memory of whoever asks has a say; a key has to ask for it."}
}
_SENT: Json = {"ink": ref("Ink"), "image": _PICTURE, **_MEMORY}
_ID: Json = {"id": {**UUID, "description": "Made by you: a repeated one makes no double."}}
_METRICS: Json = {"type": "object", "additionalProperties": OPEN, "description": "By test: shares from 0 to 1."}
_VERDICT: Json = thing({"outcome": TEXT, "sentences": array(TEXT)}, about="What the gate said of it.")
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
_DAY: Json = {**TEXT, "format": "date", "description": "The first or last day, itself included."}
_FILTERS: Json = {
    "recognizer": SLUG,
    "label": {**SLUG, "description": "What counts: the reviewer's, else the author's. Needs `recognizer`."},
    "status": array({"enum": list(STATUSES)}, description="What became of them, any of these."),
    "since": _DAY,
    "until": _DAY,
    "version": {**NUMBER, "description": "That answered first. Needs `recognizer`."},
}
_REVIEW: Json = thing(
    {
        "decision": {"enum": ["accepted", "relabelled", "rejected"]},
        "label": or_null(SLUG),
        "reason": or_null(TEXT),
        "created": TIME,
    }
)

INK_ABOUT = (
    f"Strokes, each `[[x…], [y…]]` or `[[x…], [y…], [t…]]`: as many x as y, and as t in milliseconds. At most "
    f"{MAX_STROKES} strokes and {MAX_POINTS:,} points. Place and size do not matter; y grows downwards."
)

SCHEMAS: dict[str, Json] = {
    "Error": thing(
        {"code": {"enum": [*CODES]}, "detail": TEXT, "field": or_null(TEXT)},
        about="The one shape of every error. `code` is stable, `detail` is for people.",
    ),
    "Ink": array(array(_AXIS, minItems=2, maxItems=3), minItems=1, maxItems=MAX_STROKES, description=INK_ABOUT),
    "Guess": thing({**_LABEL, "probability": SHARE}),
    "Personal": thing(
        {
            "used": {**FLAG, "description": "Whether a memory had a say."},
            "changed": {**FLAG, "description": "Whether it made another answer of what the model alone said."},
            "because": array(UUID, description="The remembered drawings that spoke for it."),
            "model": or_null(thing(_SAID)),
        }
    ),
    "Answer": thing(
        _ANSWER,
        {
            "prediction": {**UUID, "description": "With `keep`: by which feedback finds it; the id of the drawing."},
            "elsewhere": or_null(thing({"recognizer": SLUG, "title": TEXT, "guess": ref("Guess")})),
            **_EXTRAS,
        },
        "Probabilities add up to at most 1: the rest is “none of these”. `unsure`: do not trust the first guess.",
    ),
    "Predict": thing(
        {"recognizer": SLUG},
        {
            **_ID,
            **nullable(_SENT),
            **nullable(
                {
                    "keep": {**FLAG, "description": "Keep the drawing and its answer, so that feedback can be given."},
                    "elsewhere": {**FLAG, "description": "Name another recognizer that is far surer, if there is one."},
                }
            ),
            **nullable(_OPTIONS),
        },
        "Either `ink` or `image`.",
    ),
    "Keep": thing(
        {"recognizer": SLUG},
        {**_ID, **nullable({**_SENT, "as_of": _OPTIONS["as_of"]})},
        "Either `ink` or `image`.",
    ),
    "Batch": thing(
        {"recognizer": SLUG, "items": {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": ref("Item")}},
        nullable(_OPTIONS),
    ),
    "Item": {"description": "An object with either `ink` or `image`; what is none gets an error of its own."},
    "Results": thing(
        {
            **_SOURCE,
            "results": array(
                {
                    "oneOf": [
                        thing({"index": COUNT, **_SAID}, _EXTRAS),
                        thing({"index": COUNT, "error": ref("Error")}),
                    ]
                }
            ),
        }
    ),
    "Kept": thing({"prediction": UUID, **_ANSWER, "correction": or_null(ref("Correction"))}),
    "Feedback": {
        "oneOf": [
            thing({"label": SLUG}, about="What it is."),
            thing({"correct": {"const": True}}, about="The first guess was right."),
        ]
    },
    "Said": thing({"prediction": UUID, "correction": ref("Correction")}),
    "Label": thing({"label": SLUG}),
    "Correction": thing({**_LABEL, "agrees": FLAG, "created": TIME}),
    "ListedCorrection": thing(
        {"drawing": UUID, "recognizer": SLUG, **_LABEL, "created": TIME, "review": or_null(_REVIEW)}
    ),
    "Drawing": thing(
        {
            "id": UUID,
            "recognizer": SLUG,
            "created": TIME,
            "ink": or_null(ref("Ink")),
            "image": or_null({**TEXT, "description": "Where the picture is, if it is one."}),
            "prediction": or_null(thing({"model_version": NUMBER, **_SAID, "personal": ref("Personal")})),
            "correction": or_null(ref("Correction")),
        }
    ),
    "Recognizer": thing(
        {
            "slug": SLUG,
            "name": TEXT,
            "prompt": TEXT,
            "labels": array(thing({"slug": SLUG, "glyph": TEXT, "name": TEXT, "asked": TEXT, "tone": TEXT})),
            "model_version": or_null(NUMBER),
        }
    ),
    "Version": thing(_VERSION),
    "VersionInFull": thing({**_VERSION, "labels": array(SLUG), "card": OPEN}),
    "Model": thing(
        {
            **_SOURCE,
            "sha256": TEXT,
            "bytes": COUNT,
            "file": {**TEXT, "description": "Where the file of this version is."},
            "labels": array(_PLAIN_LABEL, description="In the order of the outputs."),
            "raster": thing({"size": COUNT, "box": _LENGTH, "pen": _LENGTH, "centre": {"enum": ["mass", "box"]}}),
            "preprocess_version": COUNT,
            "input": OPEN,
            "outputs": OPEN,
            "unsure_below": SHARE,
        },
        about="What a device needs to draw the raster, run the LiteRT file and read its outputs.",
    ),
    "Wanted": thing(
        {"format": {"enum": list(FORMATS)}},
        nullable({"licence": {**TEXT, "maxLength": MAX_LICENCE_LENGTH}, **_FILTERS}),
        "Which drawings, and as what. `licence` is your statement, and stands in the file.",
    ),
    "Export": thing(
        {
            "id": COUNT,
            "format": {"enum": list(FORMATS)},
            "licence": TEXT,
            "wanted": thing({}, _FILTERS, "The filters that were asked for."),
            "state": {"enum": list(Export.State.values)},
            "reason": or_null({**TEXT, "description": "Why there is no file, where it is `failed` or `gone`."}),
            "total": {**COUNT, "description": "Drawings to write."},
            "done": {**COUNT, "description": "Drawings that are written."},
            "size": or_null({**COUNT, "description": "Bytes of the file."}),
            "sha256": or_null(_SHA256),
            "created": TIME,
            "finished": or_null(TIME),
            "file": or_null({**TEXT, "description": "Where the file is, once it is `ready`."}),
        }
    ),
    "Use": thing(
        {"day": {**TEXT, "format": "date"}, "key": thing({"prefix": TEXT, "name": TEXT}), "calls": COUNT},
    ),
}  # fmt: skip
