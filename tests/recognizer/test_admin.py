"""The admin of the recognizers: read-only, and light however heavy the facts are."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from recognizer import corrections, drawings
from recognizer.drawings import Content
from recognizer.models import Correction, Drawing, ModelVersion, Prediction, Promotion, Recognizer
from tests.ink import ONE, SEVEN

pytestmark = pytest.mark.django_db
FACTS = [Drawing, Prediction, Correction, ModelVersion, Promotion]


@pytest.fixture(autouse=True)
def _plain_static_names(settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def drawn(digits: Recognizer, alice: User) -> Drawing:
    drawing, _new = drawings.keep(author=alice, recognizer="digits", content=Content.of_ink(SEVEN))
    corrections.correct(drawing=drawing, label="7")
    return drawing


def address(model: Any, *more: str) -> str:
    return "/".join(["/admin/recognizer", model._meta.model_name, *more, ""])


@pytest.mark.parametrize("model", [*FACTS, Recognizer])
def test_lists_and_pages_never_load_pictures_or_weights(admin_client: Client, drawn: Drawing, model: Any) -> None:
    key = str(model.objects.values_list("pk", flat=True).get())
    with CaptureQueriesContext(connection) as queries:
        assert admin_client.get(address(model)).status_code == 200
        assert admin_client.get(address(model, key, "change")).status_code == 200
    for query in queries:
        assert not any(f'"{heavy}"' in query["sql"] for heavy in ("image", "tflite", "keras")), query["sql"]


@pytest.mark.parametrize("model", FACTS)
def test_a_longer_list_needs_no_more_queries(admin_client: Client, alice: User, drawn: Drawing, model: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            admin_client.get(address(model))
        return len(found)

    before = queries()
    for _ in range(3):
        drawing, _new = drawings.keep(author=alice, recognizer="digits", content=Content.of_ink(ONE))
        corrections.correct(drawing=drawing, label="1")
    assert queries() == before


@pytest.mark.parametrize("model", FACTS)
def test_facts_cannot_be_typed_in_or_edited(admin_client: Client, drawn: Drawing, model: Any) -> None:
    assert admin_client.get(address(model, "add")).status_code == 403
    assert admin_client.post(address(model, str(model.objects.get().pk), "change"), {}).status_code == 403


@pytest.mark.parametrize("model", [ModelVersion, Promotion])
def test_what_answered_cannot_be_deleted(admin_client: Client, drawn: Drawing, model: Any) -> None:
    assert admin_client.post(address(model, str(model.objects.get().pk), "delete"), {"post": "yes"}).status_code == 403


def test_a_drawing_can_be_deleted_with_all_that_was_said_about_it(admin_client: Client, drawn: Drawing) -> None:
    assert admin_client.post(address(Drawing, str(drawn.pk), "delete"), {"post": "yes"}).status_code == 302
    assert not Drawing.objects.exists()
    assert not Prediction.objects.exists()
