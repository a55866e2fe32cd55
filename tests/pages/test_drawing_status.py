"""My drawings tell what became of each: decided, taught, and what the newest version says now."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.drawings import corrections
from recognizer.models import Drawing, ModelVersion, Prediction, Recognizer, Review, SnapshotItem
from recognizer.review import decisions
from tests.ink import ONE, SEVEN
from tests.pages.conftest import keep, named
from tests.pages.training_runs import learned


def _text(client: Client) -> str:
    return " ".join(client.get("/drawings/").content.decode().split())


def _says(version: ModelVersion, drawing: Drawing, label: str, *, unsure: bool = False) -> None:
    said = drawing.recognizer.labels.get(slug=label)
    Prediction.objects.create(
        drawing=drawing, model_version=version, guesses=[[label, 0.9]], label=said, probability=0.9, unsure=unsure
    )


def test_nothing_is_noted_while_nothing_was_decided(as_alice: Client, alice: User, digits: Recognizer) -> None:
    named(alice, SEVEN, "7")
    assert "data-review" not in _text(as_alice)


@pytest.mark.parametrize(
    ("verb", "more", "decision"),
    [
        (decisions.accept, {}, "accepted"),
        (decisions.relabel, {"label": "1"}, "relabelled"),
        (decisions.reject, {"reason": "scribble"}, "rejected"),
    ],
)
def test_a_decision_is_noted(
    as_alice: Client, alice: User, rita: User, digits: Recognizer, verb: object, more: dict[str, str], decision: str
) -> None:
    said = named(alice, SEVEN, "7")
    verb(correction=said, reviewer=rita, **more)  # type: ignore[operator]
    assert f'data-review="{decision}"' in _text(as_alice)
    decisions.undo(review=Review.objects.get(), reviewer=rita)
    assert "data-review" not in _text(as_alice)


def test_a_decision_on_what_was_said_before_counts_no_longer(
    as_alice: Client, alice: User, rita: User, digits: Recognizer
) -> None:
    said = named(alice, SEVEN, "7")
    decisions.accept(correction=said, reviewer=rita)
    corrections.correct(drawing=said.drawing, label="1")
    assert "data-review" not in _text(as_alice)


def test_what_memory_made_of_the_answer_is_told_where_that_is_something_else(
    as_alice: Client, alice: User, digits: Recognizer
) -> None:
    named(alice, ONE, "1")
    named(alice, ONE, "1")  # memory agrees with the model
    assert "data-personal-answer" not in _text(as_alice)
    for drawing in Drawing.objects.by(alice):
        corrections.correct(drawing=drawing, label="7")
    named(alice, ONE, "7")
    html = _text(as_alice)
    assert html.count('data-personal-answer="7"') == 1
    assert html.count('data-model-answer="1"') == 3
    agreed = as_alice.get("/drawings/?state=agreed").context["cards"]
    assert [card.drawing for card in agreed] == [Drawing.objects.by(alice)[0]]


def test_the_version_that_learned_from_it_is_named(
    as_alice: Client, alice: User, digits: Recognizer, starter: Bundle
) -> None:
    drawing = keep(alice, SEVEN)
    for _ in range(2):
        run = learned(digits, starter).training_run
        SnapshotItem.objects.create(run=run, drawing=drawing, label=digits.labels.get(slug="7"), part="study")
    html = _text(as_alice)
    assert as_alice.get("/drawings/").context["cards"][0].trained == [2, 3]
    assert 'href="/progress/?recognizer=digits#v3"' in html


def test_being_examined_on_is_not_teaching(as_alice: Client, alice: User, digits: Recognizer, starter: Bundle) -> None:
    run = learned(digits, starter).training_run
    SnapshotItem.objects.create(run=run, drawing=keep(alice, SEVEN), label=digits.labels.get(slug="7"), part="exam")
    assert as_alice.get("/drawings/").context["cards"][0].trained == []


def test_the_newest_version_is_quoted_where_it_changed_its_mind(
    as_alice: Client, alice: User, digits: Recognizer, starter: Bundle
) -> None:
    drawing = keep(alice, SEVEN)
    second, third = learned(digits, starter), learned(digits, starter)
    _says(third, drawing, "1")
    _says(second, drawing, "7")  # late: what it says is older news
    html = _text(as_alice)
    assert 'data-new-answer="1" data-version="3"' in html
    assert 'data-model-answer="7" data-version="1"' in html


def test_the_same_answer_again_is_no_news_but_doubt_is(
    as_alice: Client, alice: User, digits: Recognizer, starter: Bundle
) -> None:
    drawing = keep(alice, SEVEN)
    _says(learned(digits, starter), drawing, "7")
    assert "data-new-answer" not in _text(as_alice)
    _says(learned(digits, starter), drawing, "7", unsure=True)
    assert 'data-new-answer="7" data-version="3"' in _text(as_alice)
