"""Creates deliveries: one for each webhook that listens to an event, in the transaction of that event.

Without webhooks this costs one small query. The body of a delivery never changes, so that it can be signed and sent
again. It contains only what its owner can see on their own pages, and nothing about other people:

    {"id": uuid, "type": "correction.reviewed", "version": 1, "created": time, "data": {...}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from recognizer import enqueue
from recognizer.models import TEST_EVENT, Delivery, Event, Export, ModelVersion, Promotion, Review, Webhook, permissions
from recognizer.models.webhook import AWAKE, PAYLOAD_VERSION


def create_review_deliveries(reviews: Sequence[int], *, author: int) -> None:
    """Reviews (given as ids) of drawings of one author were made or undone."""
    hooks = _listening(Webhook.objects.filter(AWAKE, person=author), Event.REVIEWED)
    if not hooks or not reviews:
        return
    rows = Review.objects.filter(pk__in=reviews).order_by("pk").select_related("label", "correction__label")
    found = rows.select_related("correction__drawing__recognizer").defer("correction__drawing__ink")
    made: list[Delivery] = []
    for review in found.defer("correction__drawing__image"):
        drawing = review.correction.drawing
        listening = [hook for hook in hooks if hook.recognizer_id in (None, drawing.recognizer_id)]
        made += _deliveries(listening, Event.REVIEWED, _review_data(review), drawing=drawing.pk)
    _save(made)


def _review_data(review: Review) -> dict[str, Any]:
    """`said` is the label of the author, `label` the approved one. The decision `undone` means it waits again."""
    correction = review.correction
    return {
        "recognizer": correction.drawing.recognizer.slug,
        "drawing": correction.drawing.uuid,
        "said": correction.label.slug if correction.label else None,
        "decision": review.decision,
        "label": review.label.slug if review.label else None,
        "reason": review.reason or None,
    }


def create_promotion_deliveries(promotion: Promotion) -> None:
    """Another version is live: a later one (promoted) or an earlier one (rolled back)."""
    hooks = Webhook.objects.filter(AWAKE, Q(recognizer__isnull=True) | Q(recognizer=promotion.recognizer_id))
    if not hooks.exists():
        return
    replaced = promotion.replaces.model_version_id if promotion.replaces else None
    versions = ModelVersion.objects.filter(pk__in=[promotion.model_version_id, replaced])
    numbers: dict[int | None, int] = dict(versions.values_list("pk", "number"))
    before, number = numbers.get(replaced), numbers[promotion.model_version_id]
    kind = Event.ROLLED_BACK if before is not None and before > number else Event.PROMOTED
    slug, reason = promotion.recognizer.slug, promotion.reason
    data = {"recognizer": slug, "model_version": number, "previous": before, "reason": reason}
    _save(_deliveries(_listening(hooks, kind), kind, data))


def create_export_deliveries(export: Export) -> None:
    """An export is ready or has failed. Only its owner is notified, and only while they may export."""
    hooks = Webhook.objects.filter(AWAKE, person=export.by_id)
    hooks = hooks.filter(Q(recognizer__isnull=True) | Q(recognizer__slug=export.wanted.get("recognizer")))
    listening = _listening(hooks, Event.EXPORTED)
    if listening and permissions.may_review(export.by):
        _save(_deliveries(listening, Event.EXPORTED, _export_data(export)))


def _export_data(export: Export) -> dict[str, Any]:
    """`file` is its address in the API, `reason` why there is none."""
    ready = export.state == Export.State.READY
    return {
        "export": export.pk,
        "recognizer": export.wanted.get("recognizer"),
        "format": export.form,
        "state": export.state,
        "reason": export.reason or None,
        "drawings": export.done,
        "size": export.size if ready else None,
        "sha256": export.sha256 or None,
        "file": reverse("api:export-file", args=[export.pk]) if ready else None,
    }


def create_test_delivery(hook: Webhook) -> Delivery:
    """A test event for one webhook."""
    return _save(_deliveries([hook], TEST_EVENT, {"webhook": hook.uuid}))[0]


def create_replay(delivery: Delivery) -> Delivery:
    """The same event again, with the same id, so that the receiver can recognise it."""
    same = {name: getattr(delivery, name) for name in ("webhook", "event", "type", "drawing_id", "body")}
    return _save([Delivery(replays=delivery, **same)])[0]


def _listening(hooks: QuerySet[Webhook], event: str) -> list[Webhook]:
    return [hook for hook in hooks if event in hook.events]


def _deliveries(
    hooks: Iterable[Webhook], kind: str, data: dict[str, Any], drawing: int | None = None
) -> list[Delivery]:
    """One delivery of the same event, with the same id and body, for each webhook."""
    event = uuid4()
    payload = {"id": event, "type": kind, "version": PAYLOAD_VERSION, "created": timezone.now(), "data": data}
    body = json.dumps(payload, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return [Delivery(webhook=hook, event=event, type=kind, drawing_id=drawing, body=body) for hook in hooks]


def _save(deliveries: Iterable[Delivery]) -> list[Delivery]:
    made = Delivery.objects.bulk_create(deliveries, batch_size=500)
    if made:
        enqueue.send_on_commit(enqueue.Task.SEND_WEBHOOKS)
    return made
