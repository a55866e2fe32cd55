"""The admin of the recognizers: read-only, and never loads large fields."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from recognizer import training
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import (
    Correction,
    Drawing,
    Memory,
    ModelVersion,
    PersonalAnswer,
    Policy,
    Prediction,
    Promotion,
    Recognizer,
    Review,
    TrainingRun,
)
from tests.ink import ONE, SEVEN
from tests.pages.training_runs import State, ended
from tests.people import allow

pytestmark = pytest.mark.django_db
FACTS = [Drawing, Prediction, PersonalAnswer, Correction, Review, Memory, TrainingRun, ModelVersion, Promotion]


@pytest.fixture
def drawn(digits: Recognizer, alice: User) -> Drawing:
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))
    _approve(drawing, "7")
    said = {"label": digits.labels.get(slug="7"), "guesses": [["7", 0.9]], "probability": 0.9, "unsure": False}
    PersonalAnswer.objects.create(prediction=drawing.predictions.get(), **said)
    version = digits.versions.get()
    ended(digits, State.PASSED, version=version, base=version, champion=version)
    return drawing


def _approve(drawing: Drawing, label: str) -> None:
    said = corrections.correct(drawing=drawing, label=label)
    Review.objects.create(correction=said, decision=Review.Decision.ACCEPTED, label=said.label)


def address(model: Any, *more: str) -> str:
    return "/".join(["/admin/recognizer", model._meta.model_name, *more, ""])


@pytest.mark.parametrize("model", [*FACTS, Recognizer])
def test_lists_and_pages_never_load_pictures_or_weights(admin_client: Client, drawn: Drawing, model: Any) -> None:
    key = str(model.objects.values_list("pk", flat=True).get())
    with CaptureQueriesContext(connection) as queries:
        assert admin_client.get(address(model)).status_code == 200
        assert admin_client.get(address(model, key, "change")).status_code == 200
    for query in queries:
        assert not any(f'"{heavy}"' in query["sql"] for heavy in ("image", "tflite", "keras", "rehearsal", "packed")), (
            query["sql"]
        )


@pytest.mark.parametrize("model", FACTS)
def test_the_length_of_a_list_does_not_change_the_number_of_queries(
    admin_client: Client, alice: User, drawn: Drawing, model: Any
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            admin_client.get(address(model))
        return len(found)

    before = queries()
    for _ in range(3):
        drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(ONE))
        _approve(drawing, "1")
        ended(drawing.recognizer)
    assert queries() == before


@pytest.mark.parametrize("model", FACTS)
def test_rows_cannot_be_added_or_changed(admin_client: Client, drawn: Drawing, model: Any) -> None:
    assert admin_client.get(address(model, "add")).status_code == 403
    assert admin_client.post(address(model, str(model.objects.get().pk), "change"), {}).status_code == 403


def test_a_run_without_a_clear_gain_is_not_listed_as_refused(admin_client: Client, digits: Recognizer) -> None:
    run = ended(digits, State.REFUSED, verdict={"outcome": "no-better", "sentences": []})
    page = admin_client.get("/admin/recognizer/trainingrun/?state__exact=refused").content.decode()
    assert f'<td class="field-result">{run.get_result_display()}</td>' in page


@pytest.mark.parametrize("model", [ModelVersion, Promotion, TrainingRun])
def test_versions_promotions_and_runs_cannot_be_deleted(admin_client: Client, drawn: Drawing, model: Any) -> None:
    assert admin_client.post(address(model, str(model.objects.get().pk), "delete"), {"post": "yes"}).status_code == 403


def test_deleting_a_drawing_deletes_its_history(admin_client: Client, drawn: Drawing) -> None:
    assert admin_client.post(address(Drawing, str(drawn.pk), "delete"), {"post": "yes"}).status_code == 302
    assert not Drawing.objects.exists()
    assert not Prediction.objects.exists()
    assert not PersonalAnswer.objects.exists()
    assert not Review.objects.exists()


def _policy_form(recognizer: Recognizer, **policy: str) -> dict[str, str]:
    """The form of a recognizer as a browser sends it."""
    known = Policy.objects.filter(recognizer=recognizer).first()
    form = {
        "name": recognizer.name,
        "position": "0",
        "policy-TOTAL_FORMS": "1",
        "policy-INITIAL_FORMS": str(int(known is not None)),
        "policy-0-id": str(known.pk) if known else "",
        "policy-0-recognizer": str(recognizer.pk),
        "labels-TOTAL_FORMS": "0",
        "labels-INITIAL_FORMS": "0",
    }
    defaults = {"train_after": "30", "train_every_days": "7", "cap": "100", "goal": "80", "rollback_margin": "0.05"}
    defaults |= {"opinions": "1", "opinions_share": "1", "control_share": "0"}
    return form | {f"policy-0-{name}": value for name, value in (defaults | policy).items()}


@pytest.mark.parametrize("known", [False, True])
def test_the_policy_is_changed_on_the_page_of_its_recognizer(
    admin_client: Client, digits: Recognizer, known: bool
) -> None:
    if known:
        training.policy_of(digits)
    data = _policy_form(digits, train_after="12", auto_promote="", auto_accept="on")
    response = admin_client.post(address(Recognizer, str(digits.pk), "change"), data)
    assert response.status_code == 302, response.context["errors"]
    policy = training.policy_of(digits)
    assert (policy.train_after, policy.auto_promote, policy.auto_accept, policy.goal) == (12, False, True, 80)


@pytest.mark.parametrize(
    ("name", "value"), [("train_after", "0"), ("rollback_margin", "2"), ("cap", "-1"), ("goal", "0")]
)
def test_an_invalid_policy_is_refused(admin_client: Client, digits: Recognizer, name: str, value: str) -> None:
    response = admin_client.post(address(Recognizer, str(digits.pk), "change"), _policy_form(digits, **{name: value}))
    assert response.status_code == 200
    assert response.context["errors"]
    assert not Policy.objects.filter(**{name: value}).exists()


def test_a_training_run_is_started_from_the_list_of_recognizers(admin_client: Client, digits: Recognizer) -> None:
    data = {"action": "start_training", "_selected_action": [str(digits.pk)]}
    assert 'name="confirmed"' in admin_client.post(address(Recognizer), data).content.decode()
    assert not TrainingRun.objects.exists(), "it asks first"
    data["confirmed"] = "yes"
    html = admin_client.post(address(Recognizer), data, follow=True).content.decode()
    run = TrainingRun.objects.get()
    assert f'href="/runs/{run.pk}/"' in html
    assert run.by == User.objects.get(email="admin@example.com")
    assert 'class="warning"' in admin_client.post(address(Recognizer), data, follow=True).content.decode()
    assert TrainingRun.objects.count() == 1


def test_staff_who_may_not_review_cannot_start_a_training_run(
    digits: Recognizer, alice: User, as_alice: Client
) -> None:
    alice.is_staff = True
    alice.save()
    allow(alice, "change_recognizer")
    assert "start_training" not in as_alice.get(address(Recognizer)).content.decode()
    as_alice.post(address(Recognizer), {"action": "start_training", "_selected_action": [str(digits.pk)]})
    assert not TrainingRun.objects.exists()


def test_lists_link_to_the_review_and_run_pages(admin_client: Client, drawn: Drawing) -> None:
    assert 'href="/review/"' in admin_client.get(address(Correction)).content.decode()
    assert 'href="/runs/"' in admin_client.get(address(TrainingRun)).content.decode()
    run = TrainingRun.objects.get()
    assert f'href="/runs/{run.pk}/"' in admin_client.get(address(TrainingRun, str(run.pk), "change")).content.decode()
