"""`manage.py finetune`: a run by hand, for the trainer or in this process."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from recognizer.models import ModelVersion, Recognizer, TrainingRun
from recognizer.registry import promotions
from tests.recognizer.training import community
from tests.recognizer.training.queue import take_messages

pytestmark = pytest.mark.django_db(transaction=True)


def finetune(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("finetune", *args, stdout=out, **options)
    return out.getvalue()


def test_it_opens_a_run_for_the_trainer(digits: Recognizer) -> None:
    take_messages("training")
    said = finetune()
    run = TrainingRun.objects.get()
    assert (run.state, run.trigger) == (TrainingRun.State.WAITING, "By hand, with manage.py finetune.")
    assert f"/runs/{run.pk}/" in said
    assert take_messages("training") == [("recognizer.tasks.train", [run.pk])]


def test_it_can_work_here_and_tells_what_happened(digits: Recognizer) -> None:
    community.approve(community.draw(community.person("solo"), 30))
    said = finetune("digits", here=True)
    assert "Field test" in said
    assert "passed. It passed as version 2" in said
    assert promotions.newest(digits.pk).model_version.number == 2  # type: ignore[union-attr]


def test_a_run_that_decides_not_to_train_is_told_and_no_error(digits: Recognizer) -> None:
    assert "refused. No drawing is approved" in finetune(here=True)


def test_a_run_that_fails_is_an_error(digits: Recognizer) -> None:
    community.approve(community.draw(community.person("solo"), 30))
    ModelVersion.objects.update(keras=b"")
    with pytest.raises(CommandError, match=r"failed\. .*sha256"):
        finetune(here=True)


def test_an_open_run_is_an_error_with_its_cure(digits: Recognizer, waiting: TrainingRun) -> None:
    with pytest.raises(CommandError, match="Wait for it or cancel it"):
        finetune()


def test_an_unknown_recognizer_is_an_error_that_names_the_known(digits: Recognizer) -> None:
    with pytest.raises(CommandError, match=r"no recognizer 'letters'\. There are: digits"):
        finetune("letters")
