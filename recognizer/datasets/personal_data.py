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
                   "predictions": [{"model_version", "label", "probability", "unsure",
                                    "guesses": [[label, probability], ...], "created",
                                    "personal": {"label", "probability", "unsure", "guesses", "created",
                                                 "because": [id, ...]} or null}],      if adjusted by the memory
                   "remembered": {"label", "created", "model_version", "read"} or null,
                   "corrections": [{"label" or null if withdrawn, "created",
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
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone

from accounts import people
from accounts.models import User
from recognizer.models import (
    Claim,
    Control,
    Correction,
    Delivery,
    Drawing,
    Export,
    ImportedDrawing,
    Label,
    LabelCheck,
    Memory,
    Opinion,
    PersonalAnswer,
    PersonalAnswerReason,
    Prediction,
    Promotion,
    QueueEntry,
    Receipt,
    Remembered,
    Report,
    Review,
    SnapshotItem,
    TrainingRun,
    Webhook,
)

PAGE = 100  # drawings in memory at a time


def person_document(person: User) -> Iterator[str]:
    """The document in parts, so that it never has to fit into memory."""
    head = {
        "format": "inkling-person",
        "version": 1,
        "exported": timezone.now(),
        "person": people.account_data(person),
        "promotions": _values(Promotion.objects.filter(by=person), **_PROMOTION),
        "training_runs": _values(TrainingRun.objects.filter(by=person), **_RUN),
        "reviews": _values(Review.objects.filter(by=person), **_REVIEW),
        "opinions": [_opinion(opinion) for opinion in person.opinions.select_related("label").order_by("pk")],
        "controls": [_control(control) for control in person.controls.select_related("label").order_by("pk")],
        "receipts": list(
            Receipt.objects.filter(person=person).order_by("pk").values("name", "status", "content", "created")
        ),
        "memories": _values(Memory.objects.filter(person=person), **_MEMORY),
        "exports": _values(Export.objects.filter(by=person).annotate(count=Count("pieces")), **_EXPORT),
        "webhooks": _webhooks(person),
        "set_asides": list(person.set_asides.order_by("pk").values("aside", "reason", "created")),
        "reports": list(
            Report.objects.filter(by=person).order_by("pk").values("page", "reason", "words", "outcome", "created")
        ),
        "claims": list(Claim.objects.filter(by=person).order_by("pk").values("until")),
    }
    yield _json(head)[:-1] + ', "drawings": ['
    for number, drawing in enumerate(_drawings(person)):
        yield (",\n" if number else "\n") + _json(_drawing(drawing))
    yield "\n]}\n"


def _json(data: Any) -> str:
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)


def _values(rows: QuerySet[Any], **paths: str) -> list[dict[str, Any]]:
    """The fields at these paths, by their names in the document, oldest first."""
    found = rows.order_by("pk").values_list(*paths.values())
    return [dict(zip(paths, row, strict=True)) for row in found]


_PROMOTION = {
    "recognizer": "recognizer__slug",
    "model_version": "model_version__number",
    "reason": "reason",
    "created": "created",
}
_RUN = {"recognizer": "recognizer__slug", "trigger": "trigger", "state": "state", "created": "created"}
_REVIEW = {"decision": "decision", "label": "label__slug", "reason": "reason", "created": "created"}
_MEMORY = {"recognizer": "recognizer__slug", "enabled": "enabled", "created": "created"}
_EXPORT = {
    "format": "form",
    "wanted": "wanted",
    "licence": "licence",
    "state": "state",
    "pieces": "count",
    "created": "created",
}
_DELIVERY = ("event", "type", "body", "state", "attempts", "code", "answer", "problem", "created")


def _webhooks(person: User) -> list[dict[str, Any]]:
    hooks = Webhook.objects.filter(person=person).order_by("pk").select_related("recognizer")
    return [_webhook(hook) for hook in hooks.prefetch_related(Prefetch("deliveries", Delivery.objects.order_by("pk")))]


def _webhook(hook: Webhook) -> dict[str, Any]:
    kept = {name: getattr(hook, name) for name in ("url", "events", "paused", "pause_reason", "created")}
    sent = [{name: getattr(each, name) for name in _DELIVERY} for each in hook.deliveries.all()]
    slug = hook.recognizer.slug if hook.recognizer else None
    return {"id": hook.uuid, "recognizer": slug, **kept, "deliveries": sent}


def _drawings(person: User) -> Iterator[Drawing]:
    """The oldest first, page by page; no cursor stays open while a slow client reads."""
    last = 0
    while page := list(_with_history(person, after=last)):
        yield from page
        last = page[-1].pk


def _with_history(person: User, after: int) -> Any:
    predictions = Prediction.objects.select_related("label", "model_version", "personal__label").order_by("pk")
    remembered = Remembered.objects.select_related("version", "label")
    taken = SnapshotItem.objects.select_related("run__version", "label", "before", "after").order_by("pk")
    return (
        Drawing.objects.filter(author=person, pk__gt=after)
        .order_by("pk")
        .select_related("recognizer", "origin__brought", "label_check__rival")
        .prefetch_related(
            Prefetch("predictions", predictions.only(*_SAID)),
            Prefetch("predictions__personal__reasons", PersonalAnswerReason.objects.with_drawings()),
            Prefetch("remembered", remembered.only(*_KEPT)),
            Prefetch("corrections", Correction.objects.select_related("label", "claim", "queue_entry").order_by("pk")),
            Prefetch("corrections__reviews", Review.objects.select_related("label").order_by("pk")),
            Prefetch("corrections__opinions", Opinion.objects.select_related("label").order_by("pk")),
            Prefetch("corrections__controls", Control.objects.select_related("label").order_by("pk")),
            Prefetch("snapshots", taken.only(*_TAKEN)),
            Prefetch("reports", Report.objects.order_by("pk")),
        )[:PAGE]
    )


_TAKEN = ("drawing", "part", "run__version__number", "label__slug", "before__slug", "after__slug")
_ANSWER = ("guesses", "probability", "unsure", "created", "label__slug")
_SAID = ("drawing", "model_version__number", *_ANSWER, "personal__prediction", *(f"personal__{it}" for it in _ANSWER))
_KEPT = ("drawing", "packed", "created", "label__slug", "version__number")


def _drawing(drawing: Drawing) -> dict[str, Any]:
    return {
        "id": drawing.uuid,
        "recognizer": drawing.recognizer.slug,
        "created": drawing.created,
        "origin": _origin(getattr(drawing, "origin", None)),
        "label_check": _label_check(getattr(drawing, "label_check", None)),
        "ink": drawing.ink,
        "image": _data_url(drawing.image) if drawing.image is not None else None,
        "predictions": [_prediction(prediction) for prediction in drawing.predictions.all()],
        "remembered": _remembered(getattr(drawing, "remembered", None)),
        "corrections": [_correction(correction) for correction in drawing.corrections.all()],
        "reports": [_report(report) for report in drawing.reports.all()],
        "snapshots": [_snapshot(item) for item in drawing.snapshots.all()],
    }


def _origin(origin: ImportedDrawing | None) -> dict[str, Any] | None:
    return {"source": origin.brought.source, "licence": origin.licence} if origin else None


def _label_check(check: LabelCheck | None) -> dict[str, Any] | None:
    """The prediction of a version that was not trained on the drawing, see recognizer.insights.label_checks."""
    if check is None:
        return None
    figures = {name: getattr(check, name) for name in ("approved", "share", "rival_share", "margin")}
    return figures | {"rival": _slug(check.rival)}


def _slug(label: Label | None) -> str | None:
    return label.slug if label else None


def _correction(correction: Correction) -> dict[str, Any]:
    claim = getattr(correction, "claim", None)
    return {
        "label": _slug(correction.label),
        "created": correction.created,
        "reviews": [_review(review) for review in correction.reviews.all()],
        "opinions": [_opinion(opinion) for opinion in correction.opinions.all()],
        "controls": [_control(control) for control in correction.controls.all()],
        "in_review_until": claim.until if claim else None,
        "queue": _queue_entry(getattr(correction, "queue_entry", None)),
    }


def _queue_entry(entry: QueueEntry | None) -> dict[str, Any] | None:
    """What orders the queue of the reviewers; its shape is a coarse picture, see recognizer.review.queue."""
    if entry is None:
        return None
    return {name: getattr(entry, name) for name in ("waits", "usefulness", "points", "shape")}


def _review(review: Review) -> dict[str, Any]:
    return {
        "decision": review.decision,
        "label": _slug(review.label),
        "reason": review.reason,
        "automatic": review.automatic,
        "created": review.created,
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    said = {"decision": opinion.decision, "label": _slug(opinion.label), "reason": opinion.reason}
    return said | {"withdrawn": opinion.withdrawn, "created": opinion.created}


def _control(control: Control) -> dict[str, Any]:
    return {"label": _slug(control.label), "ended": control.ended, "created": control.created}


def _report(report: Report) -> dict[str, Any]:
    return {"reason": report.reason, "outcome": report.outcome, "created": report.created}


def _snapshot(item: SnapshotItem) -> dict[str, Any]:
    return {
        "training_run": item.run_id,
        "model_version": item.run.version.number if item.run.version else None,
        "part": item.part,
        "label": item.label.slug,
        "before": _slug(item.before),
        "after": _slug(item.after),
    }


def _data_url(png: bytes | memoryview) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _prediction(prediction: Prediction) -> dict[str, Any]:
    personal = getattr(prediction, "personal", None)
    return {
        "model_version": prediction.model_version.number,
        **_answer(prediction),
        "personal": _personal(personal) if personal else None,
    }


def _answer(answer: Prediction | PersonalAnswer) -> dict[str, Any]:
    return {
        "label": answer.label.slug,
        "probability": answer.probability,
        "unsure": answer.unsure,
        "guesses": answer.guesses,
        "created": answer.created,
    }


def _personal(answer: PersonalAnswer) -> dict[str, Any]:
    return {**_answer(answer), "because": [reason.drawing.uuid for reason in answer.reasons.all()]}


def _remembered(row: Remembered | None) -> dict[str, Any] | None:
    if row is None:
        return None
    read = base64.b64encode(row.packed).decode() if row.packed is not None else None
    number = row.version.number if row.version else None
    return {"label": row.label.slug, "created": row.created, "model_version": number, "read": read}
