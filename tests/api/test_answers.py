"""Whatever a client says it accepts it gets the one form there is; what is private is kept by no cache."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from tests.api.test_drawings import keep
from tests.api.test_predict import picture_of_seven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/xml", ";;;", "application/json; indent=8"])
def test_the_answer_is_plain_json_whatever_is_accepted(client: Client, accept: str) -> None:
    response = client.get("/api/v1/recognizers", headers={"accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert b"\n" not in response.content


def test_a_client_that_asks_for_a_png_gets_the_picture(as_alice: Client) -> None:
    body = {"recognizer": "digits", "image": SimpleUploadedFile("seven.png", picture_of_seven(), "image/png")}
    kept = as_alice.post("/api/v1/drawings", body)
    response = as_alice.get(kept.json()["image"], headers={"accept": "image/png"})
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")


def test_what_is_private_is_kept_by_no_cache(as_alice: Client) -> None:
    drawing = keep(as_alice).json()["id"]
    for url in ("/api/v1/drawings", f"/api/v1/drawings/{drawing}"):
        assert "private" in as_alice.get(url)["Cache-Control"]
        assert "no-store" in as_alice.get(url)["Cache-Control"]


def test_a_database_that_is_away_is_a_503_of_the_same_shape(as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr("recognizer.drawings.store._store", away)
    response = keep(as_alice)
    assert response.status_code == 503
    assert response.json()["code"] == "unavailable"
    assert set(response.json()) == {"code", "detail", "field", "request_id"}
