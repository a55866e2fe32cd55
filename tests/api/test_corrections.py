"""PUT /api/v1/drawings/<uuid>/correction: idempotent, appended, and agreeing counts."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from recognizer.models import Correction, QueueEntry, Remembered
from tests.api.test_drawings import correct, keep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


@pytest.fixture
def drawing(as_alice: Client) -> str:
    return keep(as_alice).json()["id"]


def shown(client: Client, drawing: str) -> Any:
    return client.get(f"/api/v1/drawings/{drawing}").json()["correction"]


def test_agreeing_is_kept(as_alice: Client, drawing: str) -> None:
    response = correct(as_alice, drawing, "7")
    assert response.status_code == 200
    assert response.json()["agrees"] is True
    assert shown(as_alice, drawing) == response.json()


def test_correcting_is_kept(as_alice: Client, drawing: str) -> None:
    said = correct(as_alice, drawing, "1").json()
    assert (said["label"], said["glyph"], said["name"], said["agrees"]) == ("1", "1", "one", False)
    assert shown(as_alice, drawing) == said


def test_saying_the_same_again_changes_nothing(as_alice: Client, drawing: str) -> None:
    assert correct(as_alice, drawing, "1").json() == correct(as_alice, drawing, "1").json()
    assert Correction.objects.count() == 1


def test_changing_ones_mind_appends_and_the_newest_counts(as_alice: Client, drawing: str) -> None:
    for label in ("1", "7", "1"):
        correct(as_alice, drawing, label)
    assert shown(as_alice, drawing)["label"] == "1"
    assert [str(row) for row in Correction.objects.order_by("id")] == ["1", "7", "1"]
    assert Correction.objects.current().count() == 1


def test_it_can_be_taken_back_and_said_again(as_alice: Client, drawing: str) -> None:
    url = f"/api/v1/drawings/{drawing}/correction"
    correct(as_alice, drawing, "1")
    assert as_alice.delete(url).status_code == 204
    assert as_alice.delete(url).status_code == 204
    assert shown(as_alice, drawing) is None
    assert Correction.objects.count() == 2
    correct(as_alice, drawing, "7")
    assert shown(as_alice, drawing)["label"] == "7"


def test_taking_back_what_was_never_said_is_no_error(as_alice: Client, drawing: str) -> None:
    assert as_alice.delete(f"/api/v1/drawings/{drawing}/correction").status_code == 204
    assert not Correction.objects.exists()


@pytest.mark.parametrize("label", ["10", "x", "seven"])
def test_a_label_that_is_not_there_is_refused(as_alice: Client, drawing: str, label: str) -> None:
    response = correct(as_alice, drawing, label)
    assert response.status_code == 400
    assert response.json()["code"] == "unknown_label"
    assert "0, 1, 2" in response.json()["detail"]
    assert shown(as_alice, drawing) is None


@pytest.mark.parametrize("body", [{}, {"label": None}, {"label": ""}, {"label": ["7"]}, {"label": "7\0"}, [], "7"])
def test_a_body_of_another_form_is_refused(as_alice: Client, drawing: str, body: Any) -> None:
    url = f"/api/v1/drawings/{drawing}/correction"
    response = as_alice.put(url, body, content_type="application/json")
    assert response.status_code == 400
    assert set(response.json()) == {"code", "detail", "field", "request_id"}


def test_an_author_can_say_that_no_label_is_right(as_alice: Client, drawing: str) -> None:
    url = f"/api/v1/drawings/{drawing}/correction"
    correct(as_alice, drawing, "7")
    said = as_alice.put(url, {"none_of_these": True}, content_type="application/json").json()
    assert (said["label"], said["none_of_these"], said["agrees"]) == (None, True, False)
    assert as_alice.get(url).json() == shown(as_alice, drawing) == said
    assert not QueueEntry.objects.exists()  # nobody reviews it, so nothing is trained on it
    assert not Remembered.objects.exists()
    listed = as_alice.get("/api/v1/corrections").json()["results"]
    assert [(each["drawing"], each["none_of_these"], each["review"]) for each in listed] == [(drawing, True, None)]
    assert as_alice.get("/api/v1/corrections?review=waiting").json()["results"] == []


def test_a_drawing_that_is_none_of_these_is_found_as_corrected_and_under_no_label(
    as_alice: Client, drawing: str
) -> None:
    url = f"/api/v1/drawings/{drawing}/correction"
    for _again in range(2):
        as_alice.put(url, {"none_of_these": True}, content_type="application/json")
    assert Correction.objects.count() == 1

    def found(query: str) -> list[str]:
        return [each["id"] for each in as_alice.get(f"/api/v1/drawings?{query}").json()["results"]]

    assert found("corrected=true") == [drawing]
    assert found("corrected=false") == found("label=7") == []
    assert as_alice.delete(url).status_code == 204
    assert found("corrected=false") == found("label=7") == [drawing]
    assert shown(as_alice, drawing) is None


@pytest.mark.parametrize(
    "body", [{"none_of_these": False}, {"none_of_these": True, "label": "7"}, {"none_of_these": "yes"}]
)
def test_none_of_these_goes_without_a_label(as_alice: Client, drawing: str, body: Any) -> None:
    response = as_alice.put(f"/api/v1/drawings/{drawing}/correction", body, content_type="application/json")
    assert (response.status_code, shown(as_alice, drawing)) == (400, None)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_leave_one_line_of_corrections(alice: User, as_alice: Client, digits: Any) -> None:
    drawing = keep(as_alice).json()["id"]

    def say(label: str) -> int:
        tab = Client()
        tab.force_login(alice)
        try:
            return correct(tab, drawing, label).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(say, "0123" * 3)) == {200}
    assert Correction.objects.current().count() == 1
    assert Correction.objects.filter(replaces__isnull=True).count() == 1


def put(client: Client, drawing: str, **body: Any) -> Any:
    return client.put(f"/api/v1/drawings/{drawing}/correction", body, content_type="application/json")


def test_a_correction_says_whether_a_round_asked_for_it(as_alice: Client, drawing: str) -> None:
    assert put(as_alice, drawing, label="7", origin="round").json()["origin"] == "round"
    assert shown(as_alice, drawing)["origin"] == "round"
    assert put(as_alice, drawing, label="1").json()["origin"] is None
    assert [row.origin for row in Correction.objects.order_by("id")] == ["round", ""]


def test_another_origin_is_refused(as_alice: Client, drawing: str) -> None:
    for origin in ("elsewhere", "", 7, ["round"]):
        response = put(as_alice, drawing, label="7", origin=origin)
        assert (response.status_code, response.json()["field"]) == (400, "origin")
    assert not Correction.objects.exists()


def test_a_correction_of_a_round_waits_for_a_reviewer_like_others(as_alice: Client, drawing: str) -> None:
    put(as_alice, drawing, label="7", origin="round")
    assert QueueEntry.objects.get().waits
