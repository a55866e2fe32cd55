"""Everything that the site stores about one person, as one JSON document.

    {"format": "inkling-person", "version": 1, "exported": time,
     "person": {...},                    see accounts.people.account_data
     "promotions": [{"recognizer", "model_version", "reason", "created"}],      made by this person
     "training_runs": [{"recognizer", "trigger", "state", "created"}],           started by this person
     "reviews": [{"decision", "label", "reason", "created"}],                    of others' drawings, by this person
     "opinions": [{"decision", "label", "reason", "withdrawn", "created"}],      of this person as a reviewer
     "controls": [{"label", "ended", "created"}],                                marked by this person
     "exports": [{"format", "wanted", "licence", "state", "pieces", "created"}],      files that they exported
     "webhooks": [{"id", "url", "events", "recognizer" or null, "paused", "pause_reason", "created",
                   "deliveries": [{"event", "type", "body", "state", "attempts", "code", "answer", "problem",
                                   "created"}]}],                          without the secret
     "set_asides": [{"aside", "reason", "created"}],      when this person was excluded, and readmitted
     "reports": [{"page", "reason", "words", "outcome", "created"}],      what they reported
     "claims": [{"until"}],                                                      drawings in review by this person now
     "receipts": [{"name", "status", "content", "created"}],      answers to programs of the last day
     "memories": [{"recognizer", "enabled", "created"}],
     "drawings": [{"id", "recognizer", "created",
                   "origin": {"source", "licence"} or null if it was drawn here,
                   "label_check": {"approved", "share", "rival", "rival_share", "margin"} or null,
                   "ink": [[[x...], [y...], [t...]], ...] or null,
                   "image": "data:image/png;base64,..." or null,
                   "predictions": [{"model_version", "on_device", "label", "probability", "unsure",
                                    "guesses": [[label, probability], ...], "created",
                                    "personal": {"label", "probability", "unsure", "guesses", "created",
                                                 "because": [id, ...]} or null}],      if adjusted by the memory
                   "remembered": {"label", "created", "model_version", "read"} or null,
                   "corrections": [{"label" or null, "none_of_these", "origin", "created",
                                    "reviews": [{"decision", "label", "reason", "automatic", "created"}],
                                    "opinions": [{"decision", "label", "reason", "withdrawn", "created"}],
                                    "controls": [{"label", "ended", "created"}],      if it is a control drawing
                                    "in_review_until",
                                    "queue": {"waits", "usefulness", "points", "shape"} or null}],
                   "reports": [{"reason", "outcome", "created"}],      by others, about it
                   "snapshots": [{"training_run", "model_version" or null, "part", "label",
                                  "before", "after"}]}]}              the training runs that used it

"read" is the embedding of a remembered drawing, in base64. The reviewers of a drawing are not included, because that is
data about other people, nor which opinions were about control drawings, because reviewers must not know. Times are
ISO 8601, labels are slugs, lists are in order of time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone

from accounts import people
from accounts.models import User
from recognizer.datasets.columns import DATA_URL
from recognizer.models import (
    Claim,
    Control,
    Correction,
    Delivery,
    Drawing,
    Export,
    Memory,
    Opinion,
    PersonalAnswerReason,
    Prediction,
    Promotion,
    Receipt,
    Remembered,
    Report,
    Review,
    SnapshotItem,
    TrainingRun,
    Webhook,
)

PAGE_SIZE = 100  # drawings in memory at a time


def person_document(person: User) -> Iterator[str]:
    """The document in parts, so that it never has to fit into memory."""
    exports = Export.objects.filter(by=person).annotate(count=Count("pieces"))
    promotions, runs = Promotion.objects.filter(by=person), TrainingRun.objects.filter(by=person)
    head = {
        "format": "inkling-person",
        "version": 1,
        "exported": timezone.now(),
        "person": people.account_data(person),
        "promotions": _rows(promotions, "recognizer=recognizer.slug model_version=model_version.number reason created"),
        "training_runs": _rows(runs, "recognizer=recognizer.slug trigger state created"),
        "reviews": _rows(Review.objects.filter(by=person), "decision label=label.slug reason created"),
        "opinions": _rows(person.opinions.all(), OPINION),
        "controls": _rows(person.controls.all(), CONTROL),
        "receipts": _rows(Receipt.objects.filter(person=person), "name status content created"),
        "memories": _rows(Memory.objects.filter(person=person), "recognizer=recognizer.slug enabled created"),
        "exports": _rows(exports, "format=form wanted licence state pieces=count created"),
        "webhooks": _webhooks(person),
        "set_asides": _rows(person.set_asides.all(), "aside reason created"),
        "reports": _rows(Report.objects.filter(by=person), "page reason words outcome created"),
        "claims": _rows(Claim.objects.filter(by=person), "until"),
    }
    yield _json(head)[:-1] + ', "drawings": ['
    for number, drawing in enumerate(_drawings(person)):
        yield (",\n" if number else "\n") + _json(_drawing(drawing))
    yield "\n]}\n"


def _json(data: Any) -> str:
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)


# Fields are given as "name" or "name=path", where a path leads to a field of a related row.
OPINION = "decision label=label.slug reason withdrawn created"
CONTROL = "label=label.slug ended created"
ANSWER = "label=label.slug probability unsure guesses created"


def _parse(fields: str) -> dict[str, str]:
    pairs = (field.partition("=") for field in fields.split())
    return {name: path or name for name, _equals, path in pairs}


def _rows(rows: QuerySet[Any], fields: str) -> list[dict[str, Any]]:
    """These fields of the rows, the oldest first. One query."""
    paths = _parse(fields)
    found = rows.order_by("pk").values_list(*(path.replace(".", "__") for path in paths.values()))
    return [dict(zip(paths, row, strict=True)) for row in found]


def _fields(row: Any, fields: str) -> dict[str, Any]:
    """These fields of a loaded row; None where a path leads to no row."""
    return {
        name: reduce(lambda at, step: getattr(at, step, None), path.split("."), row)
        for name, path in _parse(fields).items()
    }


def _related(row: Any, name: str, fields: str) -> dict[str, Any] | None:
    """These fields of a row's only related row of this name; None without one."""
    related = getattr(row, name, None)
    return None if related is None else _fields(related, fields)


def _webhooks(person: User) -> list[dict[str, Any]]:
    fields = "id=uuid recognizer=recognizer.slug url events paused pause_reason created"
    sent = "event type body state attempts code answer problem created"
    hooks = Webhook.objects.filter(person=person).order_by("pk").select_related("recognizer")
    return [
        _fields(hook, fields) | {"deliveries": [_fields(delivery, sent) for delivery in hook.deliveries.all()]}
        for hook in hooks.prefetch_related(Prefetch("deliveries", Delivery.objects.order_by("pk")))
    ]


def _drawings(person: User) -> Iterator[Drawing]:
    """The oldest first, page by page. No database cursor stays open while a slow client reads."""
    last = 0
    while page := list(_with_history(person, after=last)):
        yield from page
        last = page[-1].pk


def _with_history(person: User, after: int) -> Any:
    answer = ("guesses", "probability", "unsure", "created", "label__slug")
    personal = ("personal__prediction", *(f"personal__{field}" for field in answer))
    predictions = Prediction.objects.select_related("label", "model_version", "personal__label").order_by("pk")
    remembered = Remembered.objects.select_related("version", "label")
    items = SnapshotItem.objects.select_related("run__version", "label", "before", "after").order_by("pk")
    labels = ("label__slug", "before__slug", "after__slug")
    return (
        Drawing.objects.filter(author=person, pk__gt=after)
        .order_by("pk")
        .select_related("recognizer", "origin__brought", "label_check__rival")
        .prefetch_related(
            Prefetch(
                "predictions", predictions.only("drawing", "model_version__number", "on_device", *answer, *personal)
            ),
            Prefetch("predictions__personal__reasons", PersonalAnswerReason.objects.with_drawings()),
            Prefetch("remembered", remembered.only("drawing", "packed", "created", "label__slug", "version__number")),
            Prefetch("corrections", Correction.objects.select_related("label", "claim", "queue_entry").order_by("pk")),
            Prefetch("corrections__reviews", Review.objects.select_related("label").order_by("pk")),
            Prefetch("corrections__opinions", Opinion.objects.select_related("label").order_by("pk")),
            Prefetch("corrections__controls", Control.objects.select_related("label").order_by("pk")),
            Prefetch("snapshots", items.only("drawing", "part", "run__version__number", *labels)),
            Prefetch("reports", Report.objects.order_by("pk")),
        )[:PAGE_SIZE]
    )


def _drawing(drawing: Drawing) -> dict[str, Any]:
    snapshot = (
        "training_run=run_id model_version=run.version.number part label=label.slug before=before.slug after=after.slug"
    )
    remembered = _related(drawing, "remembered", "label=label.slug created model_version=version.number")
    if remembered:
        packed = drawing.remembered.packed
        remembered["read"] = base64.b64encode(packed).decode() if packed is not None else None
    return {
        **_fields(drawing, "id=uuid recognizer=recognizer.slug created"),
        "origin": _related(drawing, "origin", "source=brought.source licence"),
        "label_check": _related(drawing, "label_check", "approved share rival_share margin rival=rival.slug"),
        "ink": drawing.ink,
        "image": DATA_URL + base64.b64encode(drawing.image).decode() if drawing.image is not None else None,
        "predictions": [_prediction(prediction) for prediction in drawing.predictions.all()],
        "remembered": remembered,
        "corrections": [_correction(correction) for correction in drawing.corrections.all()],
        "reports": [_fields(report, "reason outcome created") for report in drawing.reports.all()],
        "snapshots": [_fields(item, snapshot) for item in drawing.snapshots.all()],
    }


def _correction(correction: Correction) -> dict[str, Any]:
    review = "decision label=label.slug reason automatic created"
    return {
        **_fields(correction, "label=label.slug none_of_these origin created"),
        "reviews": [_fields(each, review) for each in correction.reviews.all()],
        "opinions": [_fields(each, OPINION) for each in correction.opinions.all()],
        "controls": [_fields(each, CONTROL) for each in correction.controls.all()],
        **_fields(correction, "in_review_until=claim.until"),
        "queue": _related(correction, "queue_entry", "waits usefulness points shape"),
    }


def _prediction(prediction: Prediction) -> dict[str, Any]:
    adjusted = _related(prediction, "personal", ANSWER)
    if adjusted:
        adjusted["because"] = [reason.drawing.uuid for reason in prediction.personal.reasons.all()]
    return _fields(prediction, f"model_version=model_version.number on_device {ANSWER}") | {"personal": adjusted}
