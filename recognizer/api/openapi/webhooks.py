"""The webhooks of the document: the request that each event sends to a program."""

from __future__ import annotations

from typing import Any

from recognizer.api.openapi.schemas import (
    BYTES,
    COUNT,
    SHA256,
    SLUG,
    TEXT,
    TIME,
    UUID,
    Json,
    object_schema,
    open_enum,
    or_null,
    ref,
)
from recognizer.datasets.formats import FORMATS
from recognizer.models import TEST_EVENT, Event, Export, Review
from recognizer.models.webhook import PAYLOAD_VERSION

_NUMBER: Json = {"type": "integer", "minimum": 1}
_PROMOTION: Json = {"recognizer": SLUG, "model_version": _NUMBER, "previous": or_null(_NUMBER), "reason": TEXT}
_DATA: dict[str, Json] = {
    Event.REVIEWED: {
        "recognizer": SLUG,
        "drawing": {**UUID, "description": "The id of your drawing."},
        "said": or_null({**SLUG, "description": "Your label."}),
        "decision": open_enum(Review.Decision.values, "`undone`: it waits for a review again."),
        "label": or_null({**SLUG, "description": "The approved label."}),
        "reason": or_null({**TEXT, "description": "Why it was rejected."}),
    },
    Event.PROMOTED: _PROMOTION,
    Event.ROLLED_BACK: _PROMOTION,
    Event.EXPORTED: {
        "export": {**COUNT, "description": "The id of your export."},
        "recognizer": or_null({**SLUG, "description": "Null: drawings of all recognizers."}),
        "format": open_enum(FORMATS, "The format of the file."),
        "state": open_enum((Export.State.READY.value, Export.State.FAILED.value), "Whether there is a file."),
        "reason": or_null({**TEXT, "description": "Why it failed."}),
        "drawings": {**COUNT, "description": "How many were written."},
        "size": or_null({**BYTES, "description": "Bytes of the file."}),
        "sha256": or_null(SHA256),
        "file": or_null({**TEXT, "description": "The address of the file."}),
    },
    TEST_EVENT: {"webhook": {**UUID, "description": "The id of the webhook."}},
}
_SUMMARIES: dict[str, str] = {
    Event.REVIEWED: "A reviewer decided about one of your drawings",
    Event.PROMOTED: "Another model version is live",
    Event.ROLLED_BACK: "The previous model version is live again",
    Event.EXPORTED: "One of your exports is ready, or failed",
    TEST_EVENT: "A test that you sent on the webhooks page",
}
_HEADERS = {
    "webhook-id": "The `id` of the event; the same when it is sent again.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "Signatures of the id, the time and the body, as Standard Webhooks defines them.",
}


def component_name(event: str) -> str:
    """The name of the schema of an event: `CorrectionReviewedEvent`."""
    return "".join(word.title() for word in event.replace("_", ".").split(".")) + "Event"


def event_schemas() -> dict[str, Json]:
    """The schema of the body of each event, and of the data in it."""
    bodies = {component_name(event): _body(event) for event in _DATA}
    return bodies | {f"{component_name(event)}Data": object_schema(data) for event, data in _DATA.items()}


def _body(event: str) -> Json:
    return object_schema(
        {
            "id": UUID,
            "type": {"const": event},
            "version": {"const": PAYLOAD_VERSION},
            "created": TIME,
            "data": ref(f"{component_name(event)}Data"),
        }
    )


def webhooks() -> dict[str, Json]:
    """The request of each event, and what its answer means."""
    return {str(event): {"post": _operation(str(event))} for event in _DATA}


def _operation(event: str) -> Json:
    parameters = [
        {"name": name, "in": "header", "required": True, "description": text, "schema": TEXT}
        for name, text in _HEADERS.items()
    ]
    content: dict[str, Any] = {"application/json": {"schema": ref(component_name(event))}}
    return {
        "operationId": f"on{component_name(event).removesuffix('Event')}",
        "summary": _SUMMARIES[event],
        "description": "Sent to the address of your webhook until it is accepted, at most eight times.",
        "tags": ["Webhooks"],
        "x-internal": True,  # openapi-generator skips it: the functions it makes of webhooks do not compile
        "security": [],
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "Accepted, as any status from 200 to 299."},
            "410": {"description": "Send no more events: the webhook is paused."},
        },
    }
