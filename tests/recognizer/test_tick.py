"""A drawing or a job that fails unexpectedly does not stop the others."""

from typing import Any

import pytest

from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.preprocessing.content import Content
from recognizer import tasks
from recognizer.drawings import corrections, refresh, store
from recognizer.models import Recognizer, Remembered
from recognizer.registry import serving
from tests.ink import ONE, SEVEN
from tests.recognizer.drawings.test_refresh import promote_another, versions_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def _one_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The raster of a one divides by zero."""
    real = Content.raster
    monkeypatch.setattr(Content, "raster", lambda self, spec: 1 / 0 if self.ink == ONE else real(self, spec))


def save(author: User, ink: Any) -> Any:
    drawing = store.save_drawing(author=author, recognizer="digits", content=Content.from_ink(ink))[0]
    corrections.correct(drawing=drawing, label="7")
    return drawing


def test_the_other_drawings_get_new_predictions_and_are_remembered(
    digits: Recognizer, alice: User, starter: Bundle, request: pytest.FixtureRequest
) -> None:
    drawings = [save(alice, ink) for ink in (SEVEN, ONE, SEVEN)]
    promote_another(digits, starter)
    request.getfixturevalue("_one_is_broken")
    tasks.tick()
    assert [versions_of(drawing) for drawing in drawings] == [[1, 2], [1], [1, 2]]
    live = serving.live_version("digits").version.pk
    assert {row.drawing_id for row in Remembered.objects.filter(version=live)} == {drawings[0].pk, drawings[2].pk}


def test_a_correction_is_saved_although_its_drawing_cannot_be_remembered(
    digits: Recognizer, alice: User, request: pytest.FixtureRequest
) -> None:
    drawing = save(alice, ONE)
    request.getfixturevalue("_one_is_broken")
    correction = corrections.correct(drawing=drawing, label="1")
    assert correction.label
    assert correction.label.slug == "1"


def test_the_other_jobs_are_done(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    done: list[str] = []

    def measure() -> int:
        done.append("outliers")
        return 1

    monkeypatch.setattr(refresh, "refresh_recent", lambda: 1 / 0)
    monkeypatch.setattr(tasks.delivery, "run_due_jobs", lambda: done.append("webhooks"))
    monkeypatch.setattr(tasks.outliers, "refresh_oddness", measure)
    tasks.tick()
    assert done == ["webhooks", "outliers"]
