"""/admin/: every model is in it or left out for a reason, and no page needs a query for each row."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import User
from recognizer.insights import label_checks
from recognizer.models import AuthorExclusion, Correction, Coverage, Recognizer
from tests.accounts.world import furnish

pytestmark = pytest.mark.django_db
LEFT_OUT = {
    "accounts.CacheEntry": "what limits sign-in",
    "accounts.KeyUse": "on the page of its key",
    "recognizer.Policy": "on the page of its recognizer",
    "recognizer.ExportChunk": "bytes of an export",
    "recognizer.PersonalAnswerReason": "which of their own drawings made a person's answer: for that person",
    "recognizer.Remembered": "what a person taught their own memory: for that person",
    "recognizer.BaseDataSet": "on a page of its own, /runs/base-data/",
    "recognizer.Process": "on a page of its own, /operations/",
    "recognizer.DeletedDrawing": "random ids, so that a device that sends a drawing late does not bring it back",
    "recognizer.Receipt": "answers kept for a day so that a repeated request gets them again; they are somebody's",
    "account.EmailConfirmation": "not used: links are signed, not stored",
    "admin.LogEntry": "under History of what was changed",
    "auth.Permission": "chosen on the pages of people and groups",
    "contenttypes.ContentType": "Django's own list of models",
    "sessions.Session": "signed data that opens an account",
}
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model: Any, *more: str) -> str:
    return "/".join(["/admin", model._meta.app_label, model._meta.model_name, *more, ""])


def test_every_model_is_registered_or_left_out_for_a_reason() -> None:
    missing = {model._meta.label for model in apps.get_models()} - {model._meta.label for model in MODELS}
    assert missing <= set(LEFT_OUT), "Register it in an admin module, or say here why not."


def furnished(count: int) -> None:
    for _ in range(count):
        person = User.objects.create_user(f"p{User.objects.count()}@example.org", "a long enough word")
        furnish(person)
        keys.create_key(person=person, name="Robot", scopes=["predict"])


def _cost(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200, path
    return len(queries)


def _page(model: Any) -> str:
    """Of its first row; nothing where it has none."""
    key = model._default_manager.order_by("pk").values_list("pk", flat=True).first()
    return address(model, str(key), "change") if key is not None else ""


def test_each_list_costs_the_same_for_thirty_rows_as_for_three(admin_client: Client) -> None:
    furnished(3)
    few = {model._meta.label: _cost(admin_client, address(model)) for model in MODELS}
    furnished(27)
    assert {model._meta.label: _cost(admin_client, address(model)) for model in MODELS} == few


COUNTED = {"recognizer.Bookmark", "recognizer.Coverage"}  # in the background
BY_VERSION = {
    *("recognizer.AnswerWeek", "recognizer.BaseTest", "recognizer.Confusion"),
    *("recognizer.ExampleSet", "recognizer.WorstMistakes"),
}
EMPTY = COUNTED | BY_VERSION


def test_each_page_opens_and_costs_the_same_however_much_there_is(admin_client: Client) -> None:
    furnished(1)
    pages = {model: page for model in MODELS if (page := _page(model))}
    assert {model._meta.label for model in MODELS} - {model._meta.label for model in pages} == EMPTY
    few = {model._meta.label: _cost(admin_client, page) for model, page in pages.items()}
    furnished(9)
    assert {model._meta.label: _cost(admin_client, page) for model, page in pages.items()} == few


def test_pages_of_counted_rows_open_too(admin_client: Client, digits: Recognizer) -> None:
    label_checks.rebuild_label_checks()
    for model in (each for each in MODELS if each._meta.label in COUNTED):
        row = model._default_manager.values_list("pk", flat=True).first()
        assert admin_client.get(address(model)).status_code == 200
        assert admin_client.get(address(model, str(row), "change")).status_code == 200
    assert admin_client.get(address(Coverage)).context["cl"].result_count == 10


@pytest.mark.parametrize("name", ["drawing", "correction", "prediction", "review"])
def test_lists_show_the_drawings_without_inline_style(admin_client: Client, alice: User, name: str) -> None:
    furnish(alice)
    html = admin_client.get(f"/admin/recognizer/{name}/").content.decode()
    assert '<path d="M' in html
    assert "style=" not in html


def test_the_actions_for_excluding_authors_ask_first(admin_client: Client, alice: User, said: list[Correction]) -> None:
    for model, pk, name in (
        ("recognizer/drawing", said[0].drawing_id, "drawing"),
        ("recognizer/correction", said[0].pk, "correction"),
        ("accounts/user", alice.pk, "person"),
    ):
        sent = {"action": "exclude_authors", "_selected_action": [str(pk)]}
        response = admin_client.post(f"/admin/{model}/", sent)
        assert response["Location"] == f"/review/set-aside/new/?{name}={pk}"
        assert admin_client.get(response["Location"]).status_code == 200
    assert not AuthorExclusion.objects.exists()


def test_staff_who_may_not_review_are_not_offered_the_exclusion(as_auditor: Client, alice: User) -> None:
    page = as_auditor.get("/admin/accounts/user/").content.decode()
    assert alice.email in page
    assert 'value="exclude_authors"' not in page


def test_the_confirmation_of_a_deletion_shows_counts(admin_client: Client, alice: User) -> None:
    furnish(alice)
    html = admin_client.get(f"/admin/accounts/user/{alice.pk}/delete/").content.decode()
    assert "Drawings: 2" in html
    assert "ink" not in html.partition("<h2>Summary")[2].partition("</ul>")[0]


def test_the_index_is_grouped_by_task(admin_client: Client) -> None:
    apps_of = admin_client.get("/admin/").context["app_list"]
    assert [str(app["name"]) for app in apps_of] == [
        "People",
        "Drawings",
        "Review",
        "Moderation",
        "Models",
        "Data",
        "API and webhooks",
    ], "a noun that is in no group stands below, with its app: give it one in config/admin_site.py"
    shown = [model["object_name"] for app in apps_of for model in app["models"]]
    assert sorted(shown) == sorted(model.__name__ for model in MODELS)
    assert admin_client.get("/admin/recognizer/").status_code == 200


def test_the_index_shows_only_permitted_models(as_auditor: Client) -> None:
    apps_of = as_auditor.get("/admin/").context["app_list"]
    assert [str(app["name"]) for app in apps_of] == ["People", "Moderation"]
