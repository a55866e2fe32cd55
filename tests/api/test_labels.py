"""Labels with names and codes: the list of a recognizer, and answers with `include=codes`."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recognizer.models import Label, Recognizer
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db
LABELS = "/api/v1/recognizers/maths/labels"
ARROW = {
    "latex": [{"code": "\\curvearrowright", "package": "amssymb", "mode": "math"}],
    "typst": ["curved.arrow.right"],
    "unicode": [{"character": "↷", "code_point": "U+21B7", "name": "CURVED ARROW RIGHT"}],
    "html": ["&#x21B7;"],
}


def _predict(client: Client, path: str = "/api/v1/predict", **body: Any) -> Any:
    response = client.post(path, {"recognizer": "maths", **body}, content_type="application/json")
    assert response.status_code == 200
    return response.json()


def test_the_labels_of_a_recognizer_are_listed_with_names_and_codes(client: Client, maths: Recognizer) -> None:
    response = client.get(LABELS)
    assert response.status_code == 200
    found = {label["slug"]: label for label in response.json()["results"]}
    assert list(found) == list(maths.labels.values_list("slug", flat=True))
    arrow = found["curvearrowright"]
    assert arrow["codes"] == ARROW
    assert arrow["names"] == ["curved arrow right sign"]
    assert (arrow["glyph"], arrow["name"], arrow["drawn"]) == ("↷", "curved arrow right", True)
    assert not found["pm"]["drawn"]
    assert response.json()["next"] is None


def test_labels_without_codes_have_empty_ones(client: Client, digits: Recognizer) -> None:
    answer = client.get("/api/v1/recognizers/digits/labels").json()
    assert {(str(label["names"]), str(label["codes"])) for label in answer["results"]} == {("[]", "{}")}
    assert answer["glyphs"] is None


def test_labels_that_a_client_has_already_are_not_sent_again_until_one_changes(
    client: Client, maths: Recognizer
) -> None:
    response = client.get(LABELS)
    assert response["Cache-Control"] == "public, no-cache"
    with CaptureQueriesContext(connection) as queries:
        again = client.get(LABELS, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert not any("codes" in query["sql"] for query in queries)
    label = maths.labels.get(slug="pm")
    label.name = "plus-minus"
    label.save()
    after = client.get(LABELS, headers={"If-None-Match": response["ETag"]})
    assert after.status_code == 200
    assert "plus-minus" in {each["name"] for each in after.json()["results"]}


def test_the_labels_of_an_unknown_recognizer_are_not_found(client: Client, digits: Recognizer) -> None:
    response = client.get("/api/v1/recognizers/runes/labels")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_an_answer_has_codes_if_they_are_asked_for(client: Client, maths: Recognizer) -> None:
    answer = _predict(client, ink=SEVEN, include=["codes"], top_k=2)
    assert answer["guesses"][0]["label"] == "curvearrowright"
    assert answer["guesses"][0]["codes"] == ARROW
    assert len(answer["guesses"]) == 2
    assert "codes" not in _predict(client, ink=SEVEN)["guesses"][0]
    assert "codes" not in _predict(client, ink=SEVEN, include=["embedding"])["guesses"][0]


def test_each_answer_of_a_batch_has_codes_if_they_are_asked_for(client: Client, maths: Recognizer) -> None:
    answer = _predict(client, "/api/v1/predict/batch", items=[{"ink": SEVEN}, {"ink": SEVEN}], include=["codes"])
    assert [result["guesses"][0]["codes"] for result in answer["results"]] == [ARROW, ARROW]


def test_the_guess_of_another_recognizer_has_codes_if_they_are_asked_for(
    client: Client, maths: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.drawings.other_recognizers.FAR_SURER", -2.0)
    answer = _predict(client, recognizer="digits", ink=SEVEN, include=["codes"], elsewhere=True)
    assert answer["elsewhere"]["guess"]["codes"] == ARROW
    assert answer["guesses"][0]["codes"] == {}


def test_the_shapes_of_labels_are_at_the_address_that_the_list_names(client: Client, maths: Recognizer) -> None:
    address = client.get(LABELS).json()["glyphs"]
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
    assert "immutable" in response["Cache-Control"]
    assert "Vary" not in response or "Cookie" not in response["Vary"]
    assert b'<symbol id="curvearrowright"' in response.content
    assert client.get("/glyphs/maths/0123456789abcdef.svg").status_code == 404
    assert client.get(address.replace("maths", "digits")).status_code == 404


def test_a_label_is_refused_codes_that_a_manifest_may_not_have(maths: Recognizer, admin_client: Client) -> None:
    label = Label.objects.get(slug="pm", recognizer=maths)
    page = f"/admin/recognizer/label/{label.pk}/change/"
    form = {"glyph": "±", "name": "plus or minus", "prompt": "", "tone": "blue", "names": "[]"}
    wrong = admin_client.post(page, {**form, "codes": '{"latex": "\\\\pm"}'})
    assert wrong.status_code == 200
    assert "codes" in wrong.context["adminform"].form.errors
    assert Label.objects.get(pk=label.pk).codes == label.codes
    right = admin_client.post(page, {**form, "names": '["plus-minus"]', "codes": '{"typst": ["plus.minus"]}'})
    assert right.status_code == 302
    changed = Label.objects.get(pk=label.pk)
    assert (changed.names, changed.codes) == (["plus-minus"], {"typst": ["plus.minus"]})
