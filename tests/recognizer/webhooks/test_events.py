"""What happened is noted for those who want to know it, in the same transaction, and says nothing of anybody else."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer import tasks, webhooks
from recognizer.datasets import export_job
from recognizer.datasets.filters import DrawingFilter
from recognizer.drawings import corrections, store
from recognizer.models import Delivery, Event, Export, Policy, Recognizer, Review, Webhook
from recognizer.registry import promotions
from recognizer.review import bulk, decisions
from recognizer.webhooks import manage
from tests.ink import ONE, SCRIBBLE, SEVEN
from tests.pages.conftest import named
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db
URL = "https://public.example.org/"


@pytest.fixture
def of_alice(alice: User, digits: Recognizer) -> Webhook:
    return manage.create_webhook(person=alice, url=URL, events=Event.values)


def told(hook: Webhook) -> list[dict[str, Any]]:
    """What it was told, the oldest first."""
    return [json.loads(each.body) for each in hook.deliveries.order_by("pk")]


def test_each_decision_about_a_drawing_creates_a_delivery_for_its_author(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer
) -> None:
    accepted, relabelled, rejected = named(alice, SEVEN, "7"), named(alice, ONE, "7"), named(alice, SCRIBBLE, "3")
    decisions.accept(correction=accepted, reviewer=rita)
    decisions.relabel(correction=relabelled, reviewer=rita, label="1")
    decisions.undo(review=community.decided(rejected, rita, reason="scribble"), reviewer=rita)
    found = told(of_alice)
    assert {each["type"] for each in found} == {"correction.reviewed"}
    assert [each["data"] for each in found] == [
        about(accepted, "7", "accepted", "7"),
        about(relabelled, "7", "relabelled", "1"),
        about(rejected, "3", "rejected", None, "scribble"),
        about(rejected, "3", "undone", None),
    ]


def about(correction: Any, said: str, decision: str, label: str | None, reason: str | None = None) -> dict[str, Any]:
    drawing = str(correction.drawing.uuid)
    shared = {"recognizer": "digits", "drawing": drawing, "said": said}
    return {**shared, "decision": decision, "label": label, "reason": reason}


def test_the_payload_contains_nothing_about_the_reviewer(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer
) -> None:
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    delivery = of_alice.deliveries.get()
    payload = json.loads(delivery.body)
    assert set(payload) == {"id", "type", "version", "created", "data"}
    assert (payload["id"], payload["version"]) == (str(delivery.event), 1)
    assert rita.email not in delivery.body
    assert f'"{rita.pk}"' not in delivery.body


def test_nobody_gets_events_about_drawings_of_others(
    of_alice: Webhook, bob: User, rita: User, digits: Recognizer
) -> None:
    decisions.accept(correction=named(bob, SEVEN, "7"), reviewer=rita)
    assert told(of_alice) == []


def test_a_bulk_review_creates_deliveries_for_each_author(
    of_alice: Webhook, alice: User, bob: User, rita: User, digits: Recognizer
) -> None:
    mine = [named(alice, ink, "7") for ink in (SEVEN, ONE)]
    theirs = named(bob, SEVEN, "7")
    made = bulk.accept(corrections=[each.pk for each in [*mine, theirs]], reviewer=rita)
    assert [each["data"]["drawing"] for each in told(of_alice)] == [str(each.drawing.uuid) for each in mine]
    bulk.undo(opinions=made, reviewer=rita)
    assert [each["data"]["decision"] for each in told(of_alice)] == ["accepted", "accepted", "undone", "undone"]


def test_an_opinion_without_a_decision_creates_no_delivery(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer
) -> None:
    """How many are asked, who they are and what each of them said is not its author's to know."""
    Policy.objects.create(recognizer=digits, opinions=2, opinions_share=1.0)
    said, other = named(alice, SEVEN, "7"), community.reviewer("rosa")
    decisions.accept(correction=said, reviewer=rita)
    assert told(of_alice) == []
    decisions.accept(correction=said, reviewer=other)
    assert [each["data"] for each in told(of_alice)] == [about(said, "7", "accepted", "7")]


def test_automatic_reviews_create_deliveries(of_alice: Webhook, alice: User, digits: Recognizer) -> None:
    named(alice, SEVEN, "7")
    decisions.accept_unseen(recognizer=digits)
    assert [each["data"]["decision"] for each in told(of_alice)] == ["accepted"]


def test_a_rolled_back_decision_creates_no_delivery(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer
) -> None:
    said = named(alice, SEVEN, "7")

    class ChangedTheirMindError(Exception):
        pass

    def decide() -> None:
        with transaction.atomic():
            decisions.accept(correction=said, reviewer=rita)
            raise ChangedTheirMindError

    with pytest.raises(ChangedTheirMindError):
        decide()
    assert told(of_alice) == []


def test_only_chosen_events_create_deliveries(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer, starter: Bundle
) -> None:
    manage.update_webhook(hook=of_alice, url=URL, events=["version.promoted"])
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    promote(digits, starter)
    assert [each["type"] for each in told(of_alice)] == ["version.promoted"]


def promote(recognizer: Recognizer, bundle: Bundle, reason: str = "It is better.") -> None:
    version = promotions.register(recognizer=recognizer, bundle=bundle)
    promotions.promote(version=version, replaces=promotions.current_promotion(recognizer.pk), reason=reason)


def test_promotions_and_rollbacks_create_deliveries_for_all_listeners(
    of_alice: Webhook, bob: User, digits: Recognizer, starter: Bundle
) -> None:
    of_bob = manage.create_webhook(person=bob, url=URL, events=Event.values)
    promote(digits, starter)
    promotions.roll_back(recognizer=digits, reason="It is not.")
    assert told(of_alice) == told(of_bob)
    up, down = told(of_alice)
    assert (up["type"], down["type"]) == ("version.promoted", "version.rolled_back")
    assert up["data"] == {"recognizer": "digits", "model_version": 2, "previous": 1, "reason": "It is better."}
    assert down["data"] == {"recognizer": "digits", "model_version": 1, "previous": 2, "reason": "It is not."}


def test_the_first_promotion_has_no_previous_version(of_alice: Webhook, sketches: Recognizer) -> None:
    assert [(each["data"]["recognizer"], each["data"]["previous"]) for each in told(of_alice)] == [("sketches", None)]


def test_a_webhook_for_one_recognizer_gets_only_its_events(
    alice: User, rita: User, three: list[Recognizer], starter: Bundle
) -> None:
    digits, _bangla, sketches = three
    hook = manage.create_webhook(person=alice, url=URL, events=Event.values, recognizer=sketches)
    promote(digits, starter)
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    assert told(hook) == []
    manage.update_webhook(hook=hook, url=URL, events=Event.values, recognizer=digits)
    decisions.accept(correction=named(alice, ONE, "1"), reviewer=rita)
    assert len(told(hook)) == 1


def test_a_paused_webhook_gets_no_new_deliveries_and_keeps_waiting_ones(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer
) -> None:
    manage.send_test(hook=of_alice)
    manage.pause_webhook(hook=of_alice)
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    assert [each["type"] for each in told(of_alice)] == ["webhook.test"]
    assert not Delivery.objects.due(of_alice.deliveries.get().next_try).exists()
    manage.resume_webhook(hook=of_alice)
    assert Delivery.objects.due(of_alice.deliveries.get().next_try).exists()


def test_without_webhooks_a_decision_costs_one_more_query(
    alice: User, rita: User, digits: Recognizer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    made = Review.objects.get()
    with django_assert_num_queries(1):
        webhooks.create_review_deliveries([made.pk], author=alice.pk)


def test_a_bulk_review_needs_no_query_per_drawing(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    made = list(Review.objects.values_list("pk", flat=True))
    for few in (made[:2], made):
        with django_assert_num_queries(3):  # who listens, what was decided, the deliveries
            webhooks.create_review_deliveries(few, author=alice.pk)


def test_deliveries_are_deleted_with_their_drawing(
    of_alice: Webhook, alice: User, rita: User, digits: Recognizer
) -> None:
    said = named(alice, SEVEN, "7")
    decisions.accept(correction=said, reviewer=rita)
    store.delete_drawing(drawing=said.drawing)
    assert told(of_alice) == []
    assert not Review.objects.exists()


def test_a_new_correction_creates_no_delivery(of_alice: Webhook, alice: User, digits: Recognizer) -> None:
    said = named(alice, SEVEN, "7")
    corrections.correct(drawing=said.drawing, label="1")
    assert told(of_alice) == []


def export_of(person: User, recognizer: str = "") -> Export:
    """An export that a worker has finished."""
    export = export_job.start_export(by=person, chosen=DrawingFilter(recognizer=recognizer), form="csv", licence="")
    tasks.export(export.pk)
    export.refresh_from_db()
    return export


@pytest.fixture
def of_rita(rita: User, alice: User, digits: Recognizer) -> Webhook:
    """A reviewer's webhook. There is a drawing to export."""
    named(alice, SEVEN, "7")
    return manage.create_webhook(person=rita, url=URL, events=Event.values)


def test_a_finished_export_creates_a_delivery_for_its_owner_alone(
    of_rita: Webhook, of_alice: Webhook, rita: User
) -> None:
    export = export_of(rita, recognizer="digits")
    (event,) = told(of_rita)
    assert event["type"] == "export.finished"
    assert event["data"] == {
        "export": export.pk,
        "recognizer": "digits",
        "format": "csv",
        "state": "ready",
        "reason": None,
        "drawings": 1,
        "size": export.size,
        "sha256": export.sha256,
        "file": f"/api/v1/exports/{export.pk}/file",
    }
    assert told(of_alice) == []


def test_an_export_that_fails_says_why(of_rita: Webhook, rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "MAX_BYTES", -export_job.CHUNK_SIZE)
    export_of(rita)
    (event,) = told(of_rita)
    assert (event["data"]["state"], event["data"]["file"], event["data"]["size"]) == ("failed", None, None)
    assert event["data"]["reason"] == Export.objects.get().reason
    assert event["data"]["reason"]


def test_an_export_whose_worker_died_says_so(of_rita: Webhook, rita: User) -> None:
    export_job.start_export(by=rita, chosen=DrawingFilter(), form="csv", licence="")
    Export.objects.update(state="running", heartbeat=timezone.now() - 2 * export_job.SILENT_FOR)
    export_job.run_due_jobs()
    assert [each["data"]["state"] for each in told(of_rita)] == ["failed"]


def test_an_export_that_expires_or_is_deleted_creates_no_delivery(of_rita: Webhook, rita: User) -> None:
    for _ in range(export_job.MAX_PER_PERSON + 1):
        export_of(rita)
    count = of_rita.deliveries.count()
    Export.objects.update(finished=timezone.now() - 2 * export_job.KEPT_FOR)
    export_job.run_due_jobs()
    export_job.delete_export(export=Export.objects.latest("pk"))
    assert (count, of_rita.deliveries.count()) == (4, 4)


def test_who_may_not_export_any_more_is_not_notified(of_rita: Webhook, rita: User) -> None:
    export = export_job.start_export(by=rita, chosen=DrawingFilter(), form="csv", licence="")
    rita.user_permissions.clear()
    tasks.export(export.pk)
    assert told(of_rita) == []


def test_a_webhook_for_one_recognizer_gets_only_exports_of_it(of_rita: Webhook, rita: User, digits: Recognizer) -> None:
    manage.update_webhook(hook=of_rita, url=URL, events=Event.values, recognizer=digits)
    export_of(rita)
    assert told(of_rita) == []
    export_of(rita, recognizer="digits")
    assert len(told(of_rita)) == 1


def test_only_reviewers_are_offered_the_event_of_exports(as_alice: Client, as_rita: Client) -> None:
    for client, offered in ((as_alice, False), (as_rita, True)):
        values = {value for value, _name, _checked in client.get("/accounts/webhooks/").context["events"]}
        assert ("export.finished" in values) == offered
        assert values | {"export.finished"} == {*Event.values}


def test_each_body_is_as_the_document_says(
    of_rita: Webhook, rita: User, client: Client, digits: Recognizer, starter: Bundle
) -> None:
    User.objects.filter(pk=rita.pk).update(consented_at=timezone.now())
    rejected = named(rita, SCRIBBLE, "3")
    decisions.undo(review=community.decided(rejected, community.reviewer("rosa"), reason="scribble"), reviewer=rita)
    promote(digits, starter)
    promotions.roll_back(recognizer=digits, reason="It is not.")
    export_of(rita)
    manage.send_test(hook=of_rita)
    document = client.get("/api/v1/openapi.json").json()
    seen = set()
    for event in told(of_rita):
        operation = document["webhooks"][event["type"]]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(event, {**schema, "components": document["components"]})
        data = document["components"]["schemas"][schema["$ref"].rpartition("/")[2] + "Data"]
        assert set(event["data"]) == set(data["properties"])
        seen.add(event["type"])
    assert seen == set(document["webhooks"]) == {*Event.values, "webhook.test"}
