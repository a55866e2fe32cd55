"""A run, from what was approved to the promotion, with real training."""

import pytest

from recognizer import registry, training
from recognizer.models import Recognizer, SnapshotItem, TrainingRun
from tests.loop import community

pytestmark = pytest.mark.django_db(transaction=True)
State = TrainingRun.State


def run_now(recognizer: Recognizer) -> TrainingRun:
    opened = training.open_run(recognizer=recognizer, trigger="for a test")
    training.run(run_id=opened.pk)
    opened.refresh_from_db()
    return opened


def test_one_person_with_thirty_drawings_gets_a_new_version(digits: Recognizer) -> None:
    person = community.person("solo")
    community.approve(community.draw(person, 30))
    run = run_now(digits)
    print(run.log, run.reason, run.verdict, run.snapshot, run.progress)
    assert run.state == State.PASSED, run.reason
    assert registry.newest(digits.pk).model_version == run.version
    assert run.items.filter(part=SnapshotItem.Part.EXAM, before__isnull=False, after__isnull=False).count() >= 5
