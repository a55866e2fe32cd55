"""A run, from what was approved to the promotion: real drawings, real training, a real gate."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts import people
from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.embeddings.replay_pack import read_pack, write_pack
from recognizer import training
from recognizer.drawings import store
from recognizer.models import Drawing, ModelVersion, Policy, Promotion, Recognizer, SnapshotItem, TrainingRun
from recognizer.registry import promotions
from recognizer.registry import serving as registry
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db(transaction=True)
State = TrainingRun.State
AtStep = Callable[[str, Callable[[], Any]], None]
STEPS = ["gathering", "training", "judging", "deciding"]


def run_now(recognizer: Recognizer) -> TrainingRun:
    opened = training.open_run(recognizer=recognizer, trigger="for a test")
    training.execute_run(run_id=opened.pk)
    return TrainingRun.objects.get(pk=opened.pk)


def serving(recognizer: Recognizer) -> int:
    promotion = promotions.newest(recognizer.pk)
    assert promotion is not None
    return promotion.model_version.number


@pytest.fixture
def solo(digits: Recognizer) -> User:
    """One person with thirty approved drawings."""
    person = community.person("solo")
    community.approve(community.draw(person, 30))
    return person


def test_one_person_with_thirty_drawings_gets_a_new_version(digits: Recognizer, solo: User) -> None:
    run = run_now(digits)
    assert run.state == State.PASSED, run.reason
    assert run.reason == "It passed as version 2, which answers from now on."
    assert (run.mode, run.base.number, run.champion.number, run.version.number) == ("head", 1, 1, 2)  # type: ignore[union-attr]
    assert run.verdict["outcome"] == "passed"
    assert "weaker evidence" in run.verdict["sentences"][0]
    assert "weaker evidence" in run.snapshot["why"]
    assert run.snapshot["study"] + run.snapshot["exam"] == run.items.count() == 30
    assert len(run.snapshot["digest"]) == 64
    exam = run.items.filter(part=SnapshotItem.Part.EXAM)
    assert exam.count() >= 5
    assert not exam.filter(before=None).exists()
    assert not exam.filter(after=None).exists()
    promotion = promotions.newest(digits.pk)
    assert promotion is not None
    assert (promotion.model_version, promotion.by) == (run.version, None)
    assert promotion.reason.startswith(f"Run {run.pk} passed the gate: ")
    registry.forget()
    assert registry.active("digits").version.number == 2


def test_the_log_tells_the_whole_story(digits: Recognizer, solo: User) -> None:
    log = run_now(digits).log
    for said in ("gathering", "head mode", "drawings to learn from", "training", "judging", "The gate says", "answers"):
        assert said in log


def test_with_enough_people_the_exam_is_of_other_hands(digits: Recognizer) -> None:
    for number in range(6):
        community.approve(community.draw(community.person(f"p{number}"), 12))
    run = run_now(digits)
    parts = {
        part: set(run.items.filter(part=part).values_list("drawing__author", flat=True)) for part in ("study", "exam")
    }
    assert not parts["study"] & parts["exam"]
    assert run.snapshot["by_author"]
    assert run.verdict["figures"]["field"]["authors"] == run.snapshot["exam_authors"] == len(parts["exam"])


def test_a_policy_may_leave_the_promotion_to_people(digits: Recognizer, solo: User, policy: Policy) -> None:
    Policy.objects.update(auto_promote=False)
    run = run_now(digits)
    assert (run.state, serving(digits)) == (State.PASSED, 1)
    assert "waits for somebody to promote it" in run.reason
    assert run.version.number == 2  # type: ignore[union-attr]


def test_a_promotion_while_it_trains_is_not_overruled(
    digits: Recognizer, solo: User, starter: Any, at_step: AtStep
) -> None:
    def promote_another() -> None:
        other = promotions.register(recognizer=digits, bundle=starter)
        promotions.promote(version=other, replaces=promotions.newest(digits.pk), reason="by hand")

    at_step("judging", promote_another)
    run = run_now(digits)
    assert (run.state, serving(digits)) == (State.PASSED, 2)
    assert run.version.number == 3  # type: ignore[union-attr]
    assert "not promoted: another version was promoted" in run.reason


def test_with_nothing_approved_it_does_not_train_and_says_so(digits: Recognizer) -> None:
    run = run_now(digits)
    assert (run.state, run.version) == (State.REFUSED, None)
    assert run.reason == "No drawing is approved to learn from. Review some corrections first."


def test_the_same_drawings_are_not_studied_twice(digits: Recognizer, solo: User, policy: Policy) -> None:
    Policy.objects.update(auto_promote=False)
    first = run_now(digits)
    again = run_now(digits)
    assert again.state == State.REFUSED
    assert again.reason.startswith(f"Nothing was approved or taken back since run {first.pk}")


def test_drawings_that_made_a_worse_version_do_not_bring_it_back(digits: Recognizer, solo: User) -> None:
    assert run_now(digits).state == State.PASSED
    promotions.roll_back(recognizer=digits, reason="worse")
    run = run_now(digits)
    assert run.state == State.REFUSED
    assert "rolled back" in run.reason
    assert serving(digits) == 1


def test_a_run_starts_from_the_starter_and_not_from_the_last_run(digits: Recognizer, solo: User) -> None:
    run_now(digits)
    community.approve(community.draw(solo, 10, seed=1))
    run = run_now(digits)
    assert (run.base.number, run.champion.number) == (1, 2)  # type: ignore[union-attr]


def installed(recognizer: Recognizer, number: int, *, rehearsal: bytes = b"", **manifest: Any) -> ModelVersion:
    """The first version once more, but for this; it waits to be promoted."""
    first = ModelVersion.objects.get(number=1)
    return ModelVersion.objects.create(
        recognizer=recognizer, number=number, manifest={**first.manifest, **manifest}, tflite=first.tflite,
        keras=first.keras, rehearsal=rehearsal or first.rehearsal, sha256=first.sha256,
    )  # fmt: skip


def made_by_a_run(recognizer: Recognizer, number: int) -> ModelVersion:
    opened = training.open_run(recognizer=recognizer, trigger="made it")
    version = installed(recognizer, number)
    TrainingRun.objects.filter(pk=opened.pk).update(
        state=State.PASSED, version=version, reason="x", finished=timezone.now()
    )
    return version


def promote(*versions: ModelVersion) -> None:
    for version in versions:
        promotions.promote(version=version, replaces=promotions.newest(version.recognizer_id), reason="test")


def started_from(recognizer: Recognizer) -> int:
    base = run_now(recognizer).base
    assert base is not None
    return base.number


def test_a_version_that_waits_for_its_promotion_is_nothing_to_start_from(digits: Recognizer) -> None:
    waiting = installed(digits, 2, labels=[])
    assert started_from(digits) == 1
    assert promotions.starter(digits) != waiting


def test_a_version_that_was_promoted_by_hand_is_started_from_until_it_is_given_up(digits: Recognizer) -> None:
    promote(installed(digits, 2), made_by_a_run(digits, 3))
    assert started_from(digits) == 2  # which answers again, for nothing is approved that could teach the third
    promotions.roll_back(recognizer=digits, reason="worse")
    assert started_from(digits) == 1


@pytest.mark.parametrize(
    ("manifest", "said"),
    [({"labels": [{"slug": "7"}, {"slug": "1"}]}, "has other labels"), ({"raster": {"size": 32}}, "another raster")],
)
def test_a_champion_that_is_unlike_its_starter_cannot_be_compared(
    digits: Recognizer, manifest: dict[str, Any], said: str
) -> None:
    starter = installed(digits, 2, **manifest)
    promote(starter, made_by_a_run(digits, 3))
    run = run_now(digits)
    assert run.state == State.REFUSED
    assert f"{said} than {starter}, from which runs start" in run.reason
    assert f"Promote {starter} first" in run.reason


def test_a_champion_that_takes_another_base_test_waits_for_the_promotion_of_its_starter(
    digits: Recognizer, starter: Bundle
) -> None:
    known = read_pack(starter.rehearsal)
    other = write_pack(known._replace(test=known.test[1:], test_labels=known.test_labels[1:]))
    newer, taught = installed(digits, 2, rehearsal=other), made_by_a_run(digits, 3)
    promote(newer, taught)
    run = run_now(digits)
    assert run.state == State.REFUSED
    assert f"{taught} takes another base test than {newer}" in run.reason
    assert f"Promote {newer} first" in run.reason
    promote(newer)
    assert "No drawing is approved" in run_now(digits).reason


def test_an_error_ends_the_run_with_words_and_the_log_is_kept(digits: Recognizer, solo: User) -> None:
    ModelVersion.objects.update(keras=b"not a model")
    run = run_now(digits)
    assert run.state == State.FAILED
    assert "sha256" in run.reason
    assert "Traceback" in run.log
    assert "drawings to learn from" in run.log
    assert serving(digits) == 1


def test_an_error_that_nobody_foresaw_is_named(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    def break_off() -> None:
        raise ZeroDivisionError("by nought")

    at_step("training", break_off)
    run = run_now(digits)
    assert run.reason == "It broke off with an error that nobody foresaw: ZeroDivisionError: by nought"


def test_an_interrupted_run_is_closed(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    at_step("training", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_now(digits)
    run = TrainingRun.objects.get()
    assert (run.state, run.reason) == (State.FAILED, "It was interrupted: its process was told to stop.")


def test_after_a_failure_the_next_run_succeeds(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    def break_off() -> None:
        raise MemoryError

    at_step("judging", break_off)
    assert run_now(digits).state == State.FAILED
    assert run_now(digits).state == State.PASSED


@pytest.mark.parametrize("step", STEPS)
def test_it_can_be_cancelled_at_every_step(digits: Recognizer, solo: User, at_step: AtStep, step: str) -> None:
    at_step(step, lambda: training.cancel_run(run=TrainingRun.objects.get()))
    run = run_now(digits)
    assert (run.state, run.version) == (State.CANCELLED, None)
    assert ModelVersion.objects.count() == 1


def test_cancelling_takes_a_moment_only(digits: Recognizer, solo: User, at_step: AtStep, settings: Any) -> None:
    settings.TRAINING_HEARTBEAT_SECONDS = 0.1
    asked = []

    def cancel() -> None:
        asked.append(time.monotonic())
        training.cancel_run(run=TrainingRun.objects.get())

    at_step("training", cancel)
    assert run_now(digits).state == State.CANCELLED
    assert time.monotonic() - asked[0] < 5


@pytest.mark.parametrize("step", STEPS)
def test_who_was_given_up_changes_nothing_more(
    digits: Recognizer, solo: User, at_step: AtStep, settings: Any, step: str
) -> None:
    """As if the machine had slept: others have closed the run, and another one is open."""

    def give_up() -> None:
        settings.TRAINING_DEAD_SECONDS = 0
        training.run_due_jobs()

    at_step(step, give_up)
    run = run_now(digits)
    assert run.state == State.FAILED
    assert "no sign of life" in run.reason
    assert ModelVersion.objects.count() == Promotion.objects.count() == 1
    assert list(TrainingRun.objects.order_by("id").values_list("state", flat=True)) == [State.FAILED, State.WAITING]


@pytest.mark.parametrize("step", ["training", "deciding"])
def test_drawings_that_are_deleted_meanwhile_do_no_harm(
    digits: Recognizer, solo: User, at_step: AtStep, step: str
) -> None:
    def delete_some() -> None:
        for drawing in Drawing.objects.order_by("id")[:4]:
            store.delete(drawing=drawing)

    at_step(step, delete_some)
    run = run_now(digits)
    assert run.state == State.PASSED, run.reason
    assert run.items.count() == 26


def test_an_account_that_is_deleted_meanwhile_does_no_harm(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    leaver = community.person("leaver")
    community.approve(community.draw(leaver, 10))
    at_step("judging", lambda: people.delete_person(person=leaver))
    run = run_now(digits)
    assert run.state == State.PASSED, run.reason
    assert set(run.items.values_list("drawing__author", flat=True)) == {solo.pk}


def test_what_was_deleted_is_forgotten_by_the_next_run(digits: Recognizer, solo: User) -> None:
    leaver = community.person("leaver")
    community.approve(community.draw(leaver, 10))
    first = run_now(digits)
    people.delete_person(person=leaver)
    second = run_now(digits)
    assert (first.snapshot["authors"], second.snapshot["authors"]) == (2, 1)
    assert second.snapshot["digest"] != first.snapshot["digest"]
    assert second.champion == first.version


def test_the_same_snapshot_gives_the_same_model(digits: Recognizer, solo: User, policy: Policy) -> None:
    """Any run can be repeated from its record."""
    Policy.objects.update(auto_promote=False)
    first = run_now(digits)
    TrainingRun.objects.update(verdict={})  # so that it does not know that it would learn the same again
    second = run_now(digits)
    assert first.snapshot == second.snapshot
    assert first.version.manifest["probe"] == second.version.manifest["probe"]  # type: ignore[union-attr]


def test_a_task_delivered_twice_trains_once(digits: Recognizer, solo: User) -> None:
    run = run_now(digits)
    training.execute_run(run_id=run.pk)
    assert ModelVersion.objects.count() == 2
    assert TrainingRun.objects.get() == run


def test_versions_say_which_drawings_taught_them(digits: Recognizer, solo: User) -> None:
    run_now(digits)
    taught = training.versions_trained_on(Drawing.objects.all())
    assert sum(versions == [2] for versions in taught.values()) == TrainingRun.objects.get().snapshot["study"]


def test_a_version_whose_teachers_have_all_gone_does_not_stay(digits: Recognizer, solo: User) -> None:
    run_now(digits)
    assert serving(digits) == 2
    people.delete_person(person=solo)
    run = run_now(digits)
    assert (run.state, serving(digits)) == (State.REFUSED, 1)
    assert run.reason == "No drawing is approved to learn from any more, so version 1 answers again."
    promotion = promotions.newest(digits.pk)
    assert promotion is not None
    assert promotion.reason == "Nothing that taught version 2 may teach any longer."
