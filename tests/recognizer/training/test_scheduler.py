"""The scheduler: what is due is decided by the database, however often and by however many processes it is run."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import people
from accounts.models import User
from config.celery import app
from recognizer import tasks, training
from recognizer.drawings import store
from recognizer.models import Policy, Prediction, Promotion, Recognizer, Review, SnapshotItem, TrainingRun
from recognizer.registry import serving
from recognizer.review import decisions
from recognizer.training import scheduler
from tests.recognizer.training import community
from tests.recognizer.training.queue import take_messages
from tests.recognizer.training.test_monitoring import answered, promote

pytestmark = pytest.mark.django_db(transaction=True)
State = TrainingRun.State


@pytest.fixture(autouse=True)
def _an_empty_queue() -> Iterator[None]:
    take_messages("training")
    yield
    take_messages("training")


def ended(run: TrainingRun, state: str, ago: timedelta = timedelta(0)) -> TrainingRun:
    """As a worker would have ended it, so long ago."""
    then = timezone.now() - ago
    TrainingRun.objects.filter(pk=run.pk).update(state=state, reason="for a test", finished=then, created=then)
    return TrainingRun.objects.get(pk=run.pk)


def running(run: TrainingRun, silent: float, **fields: Any) -> TrainingRun:
    """As a worker has it that showed its last pulse so many seconds ago."""
    then = timezone.now() - timedelta(seconds=silent)
    changed = {"state": State.RUNNING, "lease": uuid4(), "heartbeat": then, "started": then} | fields
    TrainingRun.objects.filter(pk=run.pk).update(**changed)
    return TrainingRun.objects.get(pk=run.pk)


def review_ago(**ago: int) -> None:
    Review.objects.update(created=timezone.now() - timedelta(**ago))


def test_with_nothing_approved_nothing_happens(digits: Recognizer) -> None:
    assert training.run_due_jobs() == []
    assert not TrainingRun.objects.exists()
    assert take_messages("training") == []


def test_enough_newly_approved_drawings_start_a_run(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 29)
    assert training.run_due_jobs() == []
    community.scatter(digits, alice, 1)
    (run,) = training.run_due_jobs()
    assert (run.state, run.trigger.count("30")) == (State.WAITING, 2)
    assert take_messages("training") == [("recognizer.tasks.train", [run.pk])]


def test_running_it_again_starts_nothing_more(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 40)
    assert [len(training.run_due_jobs()) for _ in range(3)] == [1, 0, 0]


def test_four_schedulers_at_once_start_one_run(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 40)

    def schedule(_: int) -> int:
        try:
            return len(training.run_due_jobs())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(schedule, range(4))) == 1
    assert TrainingRun.objects.count() == len(take_messages("training")) == 1


def test_the_policy_decides_how_many_drawings_start_a_run(digits: Recognizer, alice: User, policy: Policy) -> None:
    Policy.objects.update(train_after=3)
    community.scatter(digits, alice, 3)
    assert len(training.run_due_jobs()) == 1


@pytest.mark.parametrize("state", [State.REFUSED, State.CANCELLED])
def test_only_what_was_approved_since_the_last_run_is_new(digits: Recognizer, alice: User, state: str) -> None:
    community.scatter(digits, alice, 30)
    ended(training.run_due_jobs()[0], state)
    assert training.run_due_jobs() == []
    community.scatter(digits, alice, 29)
    assert training.run_due_jobs() == []
    community.scatter(digits, alice, 1)
    assert training.run_due_jobs()[0].trigger.startswith("30 ")


def test_after_some_days_one_new_drawing_is_enough(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 30)
    ended(training.run_due_jobs()[0], State.REFUSED, ago=timedelta(days=8))
    assert training.run_due_jobs() == []
    community.scatter(digits, alice, 1)
    assert re.findall(r"\d+", training.run_due_jobs()[0].trigger) == ["1", "8"]


def test_after_some_days_a_deleted_drawing_is_enough(digits: Recognizer, alice: User, starter: Any) -> None:
    made = community.scatter(digits, alice, 30)
    (run,) = training.run_due_jobs()
    seven = digits.labels.get(slug="7")
    SnapshotItem.objects.bulk_create([SnapshotItem(run=run, drawing=each, label=seven, part="study") for each in made])
    run.snapshot["study"] = 30
    run.version = promote(digits, starter)
    run.save()
    ended(run, State.PASSED, ago=timedelta(days=8))
    assert training.run_due_jobs() == []
    store.delete_drawing(drawing=made[0])
    decisions.undo(review=Review.objects.last(), reviewer=community.reviewer("rosa"))  # type: ignore[arg-type]
    (run,) = training.run_due_jobs()
    assert re.findall(r"\d+", run.trigger) == ["2", "8"]


def test_the_first_run_comes_after_some_days_too(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 2)
    assert training.run_due_jobs() == []
    review_ago(days=7)
    assert len(training.run_due_jobs()) == 1


def test_drawings_of_people_who_withdrew_consent_do_not_count(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 30)
    people.withdraw_consent(person=alice)
    assert training.run_due_jobs() == []


def test_a_run_without_a_heartbeat_is_closed_and_the_next_one_starts(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 30)
    dead = running(training.run_due_jobs()[0], silent=21, progress={"step": "training"})
    closed, opened = training.run_due_jobs()
    dead.refresh_from_db()
    assert closed == dead
    assert dead.state == State.FAILED
    assert re.search("20 .*training", dead.reason)
    assert (opened.state, opened.trigger[:2]) == (State.WAITING, "30")


def test_a_run_with_a_heartbeat_is_left_alone(waiting: TrainingRun) -> None:
    running(waiting, silent=15)
    assert training.run_due_jobs() == []


def test_a_cancelled_run_without_a_heartbeat_ends_as_cancelled(waiting: TrainingRun) -> None:
    run = running(waiting, silent=21, cancelling=True)
    training.run_due_jobs()
    run.refresh_from_db()
    assert run.state == State.CANCELLED


def test_after_each_failure_the_next_run_waits_longer(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 30)
    for patience in scheduler.BACKOFF + scheduler.BACKOFF[-1:]:
        run = training.run_due_jobs()[0]
        ended(run, State.FAILED)
        if patience:
            assert training.run_due_jobs() == []
            ended(run, State.FAILED, ago=patience)


def test_a_lost_message_is_sent_again_after_growing_delays(digits: Recognizer, waiting: TrainingRun) -> None:
    sent = []
    start = timezone.now()
    for second in range(0, 400, 5):
        then = start - timedelta(seconds=second)
        TrainingRun.objects.update(created=then, heartbeat=_shifted(waiting, then))
        sent += [second] * len(training.run_due_jobs())
    assert 3 <= len(sent) <= 6, sent
    assert len(take_messages("training")) == len(sent)


def _shifted(run: TrainingRun, created: Any) -> Any:
    """The time of the last message, when everything happens 5 seconds earlier."""
    run = TrainingRun.objects.get(pk=run.pk)
    return created if run.heartbeat is None else run.heartbeat - (run.created - created)


def test_messages_wait_for_the_commit(digits: Recognizer) -> None:
    with transaction.atomic():
        run = training.start_run(recognizer=digits, trigger="for a test")
        assert take_messages("training") == []
    assert take_messages("training") == [("recognizer.tasks.train", [run.pk])]


def test_what_is_not_committed_is_never_sent(digits: Recognizer) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        training.start_run(recognizer=digits, trigger="for a test")
        raise ZeroDivisionError
    assert take_messages("training") == []


def test_a_broker_that_is_away_does_not_lose_the_run(digits: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError("no broker")

    with monkeypatch.context() as patched:
        patched.setattr(app, "send_task", away)
        run = training.start_run(recognizer=digits, trigger="for a test")
    then = timezone.now() - timedelta(seconds=30)
    TrainingRun.objects.update(heartbeat=then, created=then)
    assert training.run_due_jobs() == [run]
    assert len(take_messages("training")) == 1


def test_a_second_run_is_refused_while_one_is_open(digits: Recognizer, waiting: TrainingRun) -> None:
    with pytest.raises(training.OpenRunError, match=str(digits)):
        training.start_run(recognizer=digits, trigger="again")


def test_cancelling_twice_is_refused(waiting: TrainingRun) -> None:
    training.cancel_run(run=waiting)
    waiting.refresh_from_db()
    assert (waiting.state, bool(waiting.reason)) == (State.CANCELLED, True)
    with pytest.raises(training.ClosedRunError):
        training.cancel_run(run=waiting)


def test_with_automatic_acceptance_nobody_needs_to_review(digits: Recognizer, alice: User, policy: Policy) -> None:
    community.draw(alice, 3)
    Policy.objects.update(auto_accept=True, train_after=3)
    assert len(training.run_due_jobs()) == 1
    assert Review.objects.filter(automatic=True).count() == 3


def test_without_automatic_acceptance_nothing_is_accepted(digits: Recognizer, alice: User) -> None:
    community.draw(alice, 3)
    training.run_due_jobs()
    assert not Review.objects.exists()


def test_four_schedulers_at_once_roll_back_once(digits: Recognizer, alice: User, starter: Any) -> None:
    promote(digits, starter)
    answered(digits, alice, 1, agreed=95, corrected=5)
    answered(digits, alice, 2, agreed=40, corrected=20)

    def schedule(_: int) -> None:
        try:
            training.run_due_jobs()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schedule, range(4)))
    assert list(Promotion.objects.order_by("id").values_list("model_version__number", flat=True)) == [1, 2, 1]


def test_an_error_with_one_recognizer_does_not_stop_the_others(
    digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Recognizer.objects.create(slug="first", name="First", position=0)
    Recognizer.objects.filter(pk=digits.pk).update(position=1)
    due = scheduler.reason_to_start

    def fails_for_the_first(recognizer: Recognizer) -> str:
        if recognizer == first:
            raise ZeroDivisionError
        return due(recognizer)

    monkeypatch.setattr(scheduler, "reason_to_start", fails_for_the_first)
    community.scatter(digits, alice, 30)
    assert [run.recognizer for run in training.run_due_jobs()] == [digits]


def test_the_tick_task_predicts_old_drawings_with_the_newest_version(
    digits: Recognizer, alice: User, starter: Any
) -> None:
    community.draw(alice, 3)
    promote(digits, starter)
    serving.clear_cache()  # as after a second
    tasks.tick()
    assert Prediction.objects.filter(model_version__number=2).count() == 3


def test_the_ask_again_task_takes_drawing_ids(digits: Recognizer, alice: User, starter: Any) -> None:
    made = community.draw(alice, 2)
    promote(digits, starter)
    serving.clear_cache()  # as after a second
    tasks.ask_again([drawing.pk for drawing in made])
    assert Prediction.objects.filter(model_version__number=2).count() == 2


def test_an_undone_approval_is_not_new(digits: Recognizer, alice: User) -> None:
    community.scatter(digits, alice, 30)
    decisions.undo(review=Review.objects.first(), reviewer=community.reviewer("rosa"))  # type: ignore[arg-type]
    assert training.run_due_jobs() == []
