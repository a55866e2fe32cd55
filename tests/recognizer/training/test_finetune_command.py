"""`manage.py finetune`: a run by hand, for the trainer or in this process."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from recognizer.management.commands.finetune import TRIGGER as FINETUNE_TRIGGER
from recognizer.models import ModelVersion, Recognizer, TrainingRun
from recognizer.registry import promotions
from tests.recognizer.training import community
from tests.recognizer.training.queue import take_messages

pytestmark = pytest.mark.django_db(transaction=True)


def finetune(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("finetune", *args, stdout=out, **options)
    return out.getvalue()


def test_it_enqueues_a_run_for_the_trainer(digits: Recognizer) -> None:
    take_messages("training")
    said = finetune()
    run = TrainingRun.objects.get()
    assert (run.state, run.trigger) == (TrainingRun.State.WAITING, FINETUNE_TRIGGER)
    assert f"/runs/{run.pk}/" in said
    assert take_messages("training") == [("recognizer.tasks.train", [run.pk])]


def test_it_can_train_in_this_process_and_prints_the_log(digits: Recognizer) -> None:
    community.approve(community.draw(community.person("solo"), 30, sideways=True))
    said = finetune("digits", here=True)
    run = TrainingRun.objects.get()
    assert run.state == TrainingRun.State.PASSED
    assert run.reason in said
    assert all(sentence in said for sentence in run.verdict["sentences"])
    assert promotions.current_promotion(digits.pk).model_version.number == 2  # type: ignore[union-attr]


def test_a_refused_run_is_not_an_error(digits: Recognizer) -> None:
    said = finetune(here=True)
    run = TrainingRun.objects.get()
    assert run.state == TrainingRun.State.REFUSED
    assert run.reason in said


def test_a_run_that_fails_is_an_error(digits: Recognizer) -> None:
    community.approve(community.draw(community.person("solo"), 30, sideways=True))
    ModelVersion.objects.update(keras=b"")
    with pytest.raises(CommandError, match="sha256"):
        finetune(here=True)


def test_an_open_run_is_an_error(digits: Recognizer, waiting: TrainingRun) -> None:
    with pytest.raises(CommandError, match=str(waiting.recognizer)):
        finetune()


def test_an_unknown_recognizer_is_an_error_that_names_the_known_ones(digits: Recognizer) -> None:
    with pytest.raises(CommandError, match=r"letters.*digits"):
        finetune("letters")
