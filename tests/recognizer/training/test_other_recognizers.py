"""The loop of a recognizer without digits: its own labels, its own raster, beside the digits and apart from them."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.preprocessing.content import Content
from recognizer import training
from recognizer.drawings import corrections, predict, store
from recognizer.models import Drawing, Recognizer, TrainingRun
from recognizer.registry import install, serving
from tests.ml import shapes as world
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="session")
def shapes_bundle() -> Bundle:
    return world.base()


@pytest.fixture
def shapes(digits: Recognizer, shapes_bundle: Bundle) -> Recognizer:
    install.install(bundle=shapes_bundle)
    return Recognizer.objects.get(slug="shapes")


def draw(author: User, count: int, *, hooked: int = 0) -> list[Drawing]:
    """Shapes in turn, and rings that are drawn as hooks; each is confirmed or corrected."""
    rng = np.random.default_rng(author.pk)
    drawn = [(world.ink(number % 3, rng), number % 3) for number in range(count)]
    drawn += [(world.hooked_ring(rng), 0) for _ in range(hooked)]
    made = []
    for ink, label in drawn:
        content = Content.from_ink([np.round(stroke, 1).tolist() for stroke in ink])
        drawing, _new = store.save_drawing(author=author, recognizer="shapes", content=content)
        corrections.correct(drawing=drawing, label=world.LABELS[label]["slug"])
        made.append(drawing)
    return made


def run_now(recognizer: Recognizer) -> TrainingRun:
    opened = training.open_run(recognizer=recognizer, trigger="for a test")
    training.execute_run(run_id=opened.pk)
    return TrainingRun.objects.get(pk=opened.pk)


def test_what_people_draw_teaches_the_recognizer_that_they_drew_for(digits: Recognizer, shapes: Recognizer) -> None:
    for number in range(6):
        community.approve(draw(community.person(f"p{number}"), 9, hooked=6))  # six better ones are clear
    content = Content.from_ink([np.round(world.hooked_ring(np.random.default_rng(99))[0], 1).tolist()])
    before = predict.recognise(recognizer="shapes", content=content)

    run = run_now(shapes)

    assert run.state == TrainingRun.State.PASSED, run.reason
    assert run.mode == "head"
    assert run.verdict["figures"]["field"]["wins"] >= 3
    assert [row["slug"] for row in run.verdict["figures"]["labels"]] == ["ring", "corner", "wave"]
    serving.clear_cache()
    after = predict.recognise(recognizer="shapes", content=content)
    assert (before.guesses[0].label.slug, after.guesses[0].label.slug) == ("corner", "ring")
    assert (after.live.version, after.live.raster) == (run.version, world.SPEC)
    assert serving.live_version("digits").version.number == 1
    assert not digits.training_runs.exists()


def test_a_persons_memory_is_kept_apart_for_each_recognizer(shapes: Recognizer, alice: User) -> None:
    community.draw(alice, 3)
    draw(alice, 2)
    known = {memory.recognizer.slug: memory.remembered.count() for memory in alice.memories.all()}
    assert known == {"digits": 3, "shapes": 2}
