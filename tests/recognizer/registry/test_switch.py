"""A recognizer that is switched off: neither offered nor answered, and nothing that exists is lost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client

from accounts.models import AuditEntry, User
from recognizer.drawings import corrections, refresh, store
from recognizer.drawings.store import Content
from recognizer.memory import refresh as memories
from recognizer.models import Drawing, Prediction, Recognizer
from recognizer.registry import promotions, serving, switch
from recognizer.training import scheduler
from tests.ink import SEVEN

CARDS = ("/models/sketches/", "/models/sketches/reading/")
LISTS = ("/sitemap.xml", "/inkling.webmanifest")
BODY = {"recognizer": "sketches", "ink": SEVEN}


def flip(recognizer: Recognizer, *, on: bool) -> None:
    """As the admin does it, half a second later."""
    recognizer.is_on = on
    recognizer.save()
    switch.clear_cache()
    serving.clear_cache()


@pytest.fixture
def drawn(alice: User, sketches: Recognizer) -> Drawing:
    """A drawing with a label from the time before the switch."""
    drawing, _ = store.save_drawing(author=alice, recognizer="sketches", content=Content.from_ink(SEVEN))
    corrections.correct(drawing=drawing, label="airplane")
    return drawing


@pytest.fixture
def off(sketches: Recognizer, drawn: Drawing) -> Recognizer:
    """The sketches, switched off."""
    flip(sketches, on=False)
    return sketches


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/predict", BODY),
        ("/api/v1/predict", {**BODY, "as_of": 1}),
        ("/api/v1/predict/batch", {"recognizer": "sketches", "items": [{"ink": SEVEN}]}),
        ("/api/v1/drawings", BODY),
    ],
)
def test_new_drawings_are_refused_with_a_code_of_its_own(as_alice: Client, path: str, body: dict[str, Any]) -> None:
    response = post(as_alice, path, body)

    assert response.status_code == 409
    assert (response.json()["code"], response.json()["field"]) == ("recognizer_off", "recognizer")


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize("file", ["model", "model.tflite", "vectors"])
def test_devices_do_not_get_its_live_version_but_keep_what_they_have(client: Client, file: str) -> None:
    live = client.get(f"/api/v1/recognizers/sketches/{file}")
    pinned = client.get("/api/v1/recognizers/sketches/versions/1/model.tflite")

    assert (live.status_code, live.json()["code"]) == (409, "recognizer_off")
    assert pinned.status_code == 200


@pytest.mark.usefixtures("off")
def test_it_is_not_listed_and_has_no_live_version(client: Client) -> None:
    listed = [each["slug"] for each in client.get("/api/v1/recognizers").json()["results"]]
    live = [each["recognizer"] for each in client.get("/api/v1/live-versions").json()["results"]]
    one = client.get("/api/v1/recognizers/sketches").json()

    assert listed == ["digits"]
    assert live == ["digits"]
    assert (one["slug"], one["model_version"]) == ("sketches", None)


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize(
    "path", ["/draw/sketches/", "/rounds/sketches/", "/models/sketches/", "/models/sketches/reading/"]
)
def test_its_pages_are_gone(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize(
    "path", ["/", "/models/", "/rounds/", "/offline/sheet/", "/sitemap.xml", "/inkling.webmanifest"]
)
def test_pages_offer_the_others_only(client: Client, path: str) -> None:
    client.cookies["recognizer"] = "sketches"  # it was chosen last
    page = client.get(path)

    assert page.status_code == 200
    assert "/draw/sketches/" not in page.content.decode()


def test_its_drawings_stay_and_can_be_corrected_and_deleted(as_alice: Client, off: Recognizer, drawn: Drawing) -> None:
    address = f"/api/v1/drawings/{drawn.uuid}"
    assert str(drawn.uuid) in as_alice.get("/drawings/?recognizer=sketches").content.decode()
    assert as_alice.get("/memory/?recognizer=sketches").status_code == 200
    corrected = as_alice.put(f"{address}/correction", {"label": "banana"}, content_type="application/json")
    assert (corrected.status_code, corrected.json()["label"]) == (200, "banana")
    assert as_alice.delete(address).status_code == 204
    assert not Drawing.objects.exists()


@pytest.mark.usefixtures("off")
def test_a_drawing_that_a_device_answered_before_it_knew_is_saved(as_alice: Client) -> None:
    drawing = uuid.uuid4()
    body = {**BODY, "id": str(drawing), "on_device": 1}

    assert post(as_alice, "/api/v1/drawings", body).status_code == 201
    assert Drawing.objects.filter(uuid=drawing, recognizer__slug="sketches").exists()


def test_a_repeated_request_for_a_saved_drawing_is_answered(as_alice: Client, off: Recognizer, drawn: Drawing) -> None:
    assert post(as_alice, "/api/v1/drawings", {**BODY, "id": str(drawn.uuid)}).status_code == 200


def test_the_background_leaves_it_alone_until_it_is_on_again(
    off: Recognizer, drawn: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(scheduler, "reason_to_start", lambda recognizer: "It is due.")
    monkeypatch.setattr(scheduler, "start_run", lambda recognizer, trigger: started.append(recognizer.slug))
    Prediction.objects.all().delete()

    scheduler.run_due_jobs()
    assert (started, refresh.refresh_recent()) == (["digits"], 0)
    flip(off, on=True)
    scheduler.run_due_jobs()

    assert started == ["digits", "digits", "sketches"]
    assert refresh.refresh_recent() == 1
    assert memories.refresh_memories() is not None


@pytest.mark.usefixtures("off")
def test_a_process_is_ready_without_it(client: Client) -> None:
    body = client.get("/readyz").json()

    assert (body["status"], list(body["versions"])) == ("ok", ["digits"])
    assert "sketches" not in serving.loaded_numbers()


def test_staff_switch_it_off_in_the_admin_and_the_log_says_so(admin_client: Client, sketches: Recognizer) -> None:
    address = f"/admin/recognizer/recognizer/{sketches.pk}/change/"
    assert 'name="is_on"' in admin_client.get(address).content.decode()
    form = {"name": sketches.name, "prompt": sketches.prompt, "position": "2"}  # the box is not checked
    form |= {f"{part}-{name}": "0" for part in ("policy", "labels") for name in ("TOTAL_FORMS", "INITIAL_FORMS")}

    admin_client.post(address, form)

    sketches.refresh_from_db()
    assert not sketches.is_on
    assert AuditEntry.objects.filter(what="recognizer.changed", detail__is_on=[True, False]).exists()


def test_answers_go_on_while_the_database_is_away(sketches: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_given: Any, **_named: Any) -> Any:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(CursorWrapper, "execute", breaks)
        switch.check_is_on("sketches")


def test_offered_are_those_that_are_live_and_on(off: Recognizer) -> None:
    Recognizer.objects.create(slug="empty", name="Empty")

    assert [each.slug for each in promotions.offered_recognizers()] == ["digits"]
    assert [each.slug for each in promotions.live_recognizers()] == ["digits", "sketches"]


@pytest.mark.usefixtures("off")
def test_unknown_recognizers_are_no_business_of_the_switch(client: Client) -> None:
    assert post(client, "/api/v1/predict", {**BODY, "recognizer": "nothing"}).json()["code"] == "unknown_recognizer"
