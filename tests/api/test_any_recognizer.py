"""POST /api/v1/predict with the recognizer `any`: all are asked, the surest answers, look-alikes are beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.evaluation import across
from ml.evaluation.across import Direction, Numbers, Scale
from recognizer.drawings import predict
from recognizer.models import Drawing, Promotion, Recognizer
from recognizer.registry import install
from recognizer.registry.install import InstallError
from tests import small_bundles
from tests.ink import SCRIBBLE, SEVEN

pytestmark = pytest.mark.django_db
URL = "/api/v1/predict"


def ask(client: Client, **body: Any) -> Any:
    return client.post(URL, {"recognizer": "any", "ink": SEVEN} | body, content_type="application/json")


def prefer(monkeypatch: pytest.MonkeyPatch, **offsets: float) -> None:
    """The three recognizers of the tests have the same network: these numbers decide between them."""
    scales = {slug.replace("_", "-"): Scale(1, 0, offset) for slug, offset in offsets.items()}
    monkeypatch.setattr("recognizer.drawings.any_recognizer.shipped_numbers", lambda: Numbers(scales))


def test_the_surest_answers_and_the_others_are_beside_it(
    client: Client, three: list[Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, digits=0, bangla_digits=1, sketches=-9)
    answer = ask(client).json()
    assert (answer["recognizer"], answer["guesses"][0]["label"]) == ("bangla-digits", "7")
    assert [(each["recognizer"], each["guess"]["glyph"]) for each in answer["alike"]] == [("digits", "7")]
    assert not Drawing.objects.exists()


def test_embeddings_decide_for_versions_with_the_trunk_that_numbers_are_for(
    client: Client, three: list[Recognizer], starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.ones(starter.manifest["embedding_size"])
    trunk = across.trunk_of({"sha256": {"rehearsal": "a" * 64}})
    far = Numbers({}, {"sketches": Direction(trunk, Scale(1, 0, 9), {}, weights)})
    monkeypatch.setattr("recognizer.drawings.any_recognizer.shipped_numbers", lambda: far)
    assert ask(client).json()["recognizer"] == "digits"  # equally sure: the first of the site
    monkeypatch.setattr("recognizer.drawings.any_recognizer.trunk_of", lambda manifest: trunk)
    answer = ask(client).json()
    assert (answer["recognizer"], answer["alike"]) == ("sketches", [])


def test_far_less_sure_ones_are_not_shown(
    client: Client, three: list[Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, digits=9, bangla_digits=0, sketches=0)
    assert ask(client).json()["alike"] == []


def test_what_nobody_is_sure_of_has_no_look_alikes(client: Client, three: list[Recognizer]) -> None:
    answer = ask(client, ink=SCRIBBLE).json()
    assert answer["unsure"] is True
    assert answer["alike"] == []


def test_options_apply_to_the_answer_and_codes_to_the_look_alikes_too(
    client: Client, three: list[Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, digits=0.1, bangla_digits=0, sketches=0)
    answer = ask(client, top_k=2, include=["raster", "codes"]).json()
    assert len(answer["guesses"]) == 2
    assert ask(client, ink=SCRIBBLE, threshold=0).json()["unsure"] is False
    assert answer["raster"].startswith("data:image/png")
    assert answer["alike"][0]["guess"]["codes"] == {}


@pytest.mark.parametrize("field", [{"as_of": 1}, {"elsewhere": True}])
def test_what_is_about_one_recognizer_is_refused(
    client: Client, three: list[Recognizer], field: dict[str, Any]
) -> None:
    response = ask(client, **field)
    assert (response.status_code, response.json()["field"]) == (400, next(iter(field)))


def test_a_drawing_is_saved_for_one_recognizer(as_alice: Client, three: list[Recognizer]) -> None:
    response = ask(as_alice, keep=True)
    assert (response.status_code, response.json()["field"]) == (400, "recognizer")
    saved = as_alice.post("/api/v1/drawings", {"recognizer": "any", "ink": SEVEN}, content_type="application/json")
    assert saved.json()["code"] == "unknown_recognizer"
    batch = {"recognizer": "any", "items": [{"ink": SEVEN}]}
    assert as_alice.post(f"{URL}/batch", batch, content_type="application/json").json()["code"] == "unknown_recognizer"
    assert not Drawing.objects.exists()


def test_a_key_that_is_pinned_gets_the_version_that_it_is_pinned_to(
    client: Client, alice: User, three: list[Recognizer], starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, digits=9, bangla_digits=0, sketches=0)
    install.install(
        bundle=small_bundles.with_labels(starter, "digits", starter.manifest["labels"], unsure_below=0.5),
        promote=install.PromoteWhen.ALWAYS,
    )
    _key, token = keys.create_key(person=alice, name="Robot", scopes=["predict"], pins={"digits": 1})
    headers = {"Authorization": f"Bearer {token}"}
    pinned = client.post(URL, {"recognizer": "any", "ink": SEVEN}, content_type="application/json", headers=headers)
    assert pinned.json()["model_version"] == 1
    assert ask(client).json()["model_version"] == 2


def test_one_that_fails_does_not_stop_the_others(
    client: Client, three: list[Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = predict.recognise

    def fail(*, recognizer: str, **more: Any) -> Any:
        if recognizer != "sketches":
            raise RuntimeError(recognizer)
        return asked(recognizer=recognizer, **more)

    monkeypatch.setattr(predict, "recognise", fail)
    assert ask(client).json()["recognizer"] == "sketches"


def test_one_that_is_switched_off_is_not_asked(
    client: Client, three: list[Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, digits=0, bangla_digits=9, sketches=0)
    Recognizer.objects.filter(slug="bangla-digits").update(is_on=False)
    assert ask(client).json()["recognizer"] == "digits"


def test_without_any_model_it_says_so(client: Client, digits: Recognizer) -> None:
    Promotion.objects.all().delete()
    response = ask(client)
    assert (response.status_code, response.json()["code"]) == (503, "no_model")


def test_no_recognizer_can_be_called_any(starter: Bundle, db: None) -> None:
    with pytest.raises(InstallError, match="any"):
        install.install(bundle=small_bundles.with_labels(starter, "any", starter.manifest["labels"]))


def test_a_recognizer_that_was_not_fitted_has_the_mean_of_the_others() -> None:
    scales = {"one": Scale(1, 0, 2), "two": Scale(3, -2, 0)}
    assert across.scale_of("one", scales) == Scale(1, 0, 2)
    assert across.scale_of("three", scales) == Scale(2, -1, 1)
    assert across.scale_of("three", {}) == Scale()
