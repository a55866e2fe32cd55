"""A training run from the approved drawings to the promotion, with real drawings, training and gate."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts import deletion
from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.commands.options import MODELS
from ml.embeddings.replay_pack import read_pack, write_pack
from ml.evaluation.base_test import BASE_TEST_FILE, BaseTest, read_base_test, write_base_test
from ml.training.finetune_head import DEFAULT, LAYERS, SETTINGS
from recognizer import training
from recognizer.drawings import store
from recognizer.models import BaseTest as BaseTestRow
from recognizer.models import Drawing, ModelVersion, Policy, Promotion, Recognizer, SnapshotItem, TrainingRun
from recognizer.registry import promotions
from recognizer.registry import serving as registry
from recognizer.registry.base_tests import install_base_test
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db(transaction=True)
State = TrainingRun.State
AtStep = Callable[[str, Callable[[], Any]], None]
STEPS = ["gathering", "training", "judging", "deciding"]


def run_now(recognizer: Recognizer) -> TrainingRun:
    opened = training.open_run(recognizer=recognizer, trigger="for a test")
    training.execute_run(run_id=opened.pk)
    return TrainingRun.objects.get(pk=opened.pk)


def live_number(recognizer: Recognizer) -> int:
    promotion = promotions.current_promotion(recognizer.pk)
    assert promotion is not None
    return promotion.model_version.number


@pytest.fixture
def solo(digits: Recognizer) -> User:
    """One person with thirty approved drawings that the shipped model misreads."""
    person = community.person("solo")
    community.approve(community.draw(person, 30, sideways=True))
    return person


def test_thirty_drawings_that_the_model_misreads_make_a_new_version(digits: Recognizer, solo: User) -> None:
    run = run_now(digits)
    assert run.state == State.PASSED, run.reason
    assert (run.mode, run.base.number, run.champion.number, run.version.number) == ("head", 1, 1, 2)  # type: ignore[union-attr]
    assert run.verdict["outcome"] == "passed"
    assert not run.snapshot["by_author"]
    assert run.snapshot["study"] + run.snapshot["exam"] == run.items.count() == 30
    assert len(run.snapshot["digest"]) == 64
    assert "mnist" in run.snapshot["mode_reason"]  # why only the last layer was trained
    exam = run.items.filter(part=SnapshotItem.Part.EXAM)
    assert exam.count() >= 12
    assert not exam.filter(before=None).exists()
    assert not exam.filter(after=None).exists()
    promotion = promotions.current_promotion(digits.pk)
    assert promotion is not None
    assert (promotion.model_version, promotion.by) == (run.version, None)
    assert str(run.pk) in promotion.reason
    registry.clear_cache()
    assert registry.live_version("digits").version.number == 2


def test_a_tie_is_no_better_and_nothing_is_promoted(digits: Recognizer) -> None:
    community.approve(community.draw(community.person("newcomer"), 30))
    run = run_now(digits)
    assert (run.state, run.result, run.version) == (State.REFUSED, "no-better", None)
    field = run.verdict["figures"]["field"]
    assert (field["wins"], field["losses"]) == (0, 0)
    assert run.verdict["sentences"][0] in run.reason
    assert str(run.champion) in run.reason
    assert ModelVersion.objects.count() == Promotion.objects.count() == 1


def test_few_people_use_fixed_settings_and_the_verdict_says_so(digits: Recognizer, solo: User) -> None:
    (choice,) = run_now(digits).verdict["choices"]
    assert (choice["layers"], choice["settings"], choice["candidates"]) == (LAYERS, DEFAULT, [])
    assert choice["why"]


def test_enough_people_choose_the_settings(digits: Recognizer) -> None:
    for number in range(16):  # the exam takes half of them at most
        community.approve(community.draw(community.person(f"p{number}"), 10, sideways=True))
    run = run_now(digits)
    (choice,) = run.verdict["choices"]
    assert [{name: each[name] for name in DEFAULT} for each in choice["candidates"]] == SETTINGS
    assert choice["settings"] in SETTINGS


@pytest.fixture
def base_test(digits: Recognizer) -> BaseTest:
    """Fifty drawings of the shipped base test, installed."""
    shipped = read_base_test((MODELS / "digits" / BASE_TEST_FILE).read_bytes())
    rows = slice(None, None, len(shipped.labels) // 49)
    small = replace(shipped, rasters=shipped.rasters[rows], labels=shipped.labels[rows], sources=shipped.sources[rows])
    install_base_test(recognizer=digits, content=write_base_test(small))
    return small


def test_a_run_uses_and_names_the_base_test_of_the_recognizer(
    digits: Recognizer, solo: User, base_test: BaseTest
) -> None:
    run = run_now(digits)
    assert run.snapshot["base_test"] == BaseTestRow.objects.get().sha256
    assert run.verdict["figures"]["base"]["count"] == len(base_test.labels)


def test_without_a_base_test_the_replay_packs_are_compared(digits: Recognizer, solo: User, starter: Bundle) -> None:
    run = run_now(digits)
    assert run.snapshot["base_test"] == ""
    assert run.verdict["figures"]["base"]["count"] == len(read_pack(starter.rehearsal).test_labels)


def test_a_base_test_with_other_labels_is_not_used(digits: Recognizer, solo: User, base_test: BaseTest) -> None:
    other = replace(base_test, slugs=base_test.slugs[::-1])
    install_base_test(recognizer=digits, content=write_base_test(other))
    assert run_now(digits).snapshot["base_test"] == ""


def test_a_damaged_base_test_ends_the_run(digits: Recognizer, solo: User, base_test: BaseTest) -> None:
    BaseTestRow.objects.update(content=b"damaged")
    run = run_now(digits)
    assert run.state == State.FAILED
    assert "install_models" in run.reason


def test_with_a_base_test_versions_with_other_replay_tests_are_compared(
    digits: Recognizer, starter: Bundle, base_test: BaseTest
) -> None:
    known = read_pack(starter.rehearsal)
    other = write_pack(known._replace(test=known.test[1:], test_labels=known.test_labels[1:]))
    newer, trained = installed(digits, 2, rehearsal=other), made_by_a_run(digits, 3)
    promote(newer, trained)
    assert run_now(digits).base == newer


def test_the_log_contains_the_steps_and_the_verdict(digits: Recognizer, solo: User) -> None:
    run = run_now(digits)
    assert [step for step in STEPS if step in run.log] == STEPS
    assert all(sentence in run.log for sentence in run.verdict["sentences"])
    assert run.reason in run.log


def test_with_enough_people_the_exam_has_other_authors(digits: Recognizer) -> None:
    for number in range(6):
        community.approve(community.draw(community.person(f"p{number}"), 12))
    run = run_now(digits)
    parts = {
        part: set(run.items.filter(part=part).values_list("drawing__author", flat=True)) for part in ("study", "exam")
    }
    assert not parts["study"] & parts["exam"]
    assert run.snapshot["by_author"]
    assert run.verdict["figures"]["field"]["authors"] == run.snapshot["exam_authors"] == len(parts["exam"])


def test_a_policy_can_leave_the_promotion_to_people(digits: Recognizer, solo: User, policy: Policy) -> None:
    Policy.objects.update(auto_promote=False)
    run = run_now(digits)
    assert (run.state, live_number(digits)) == (State.PASSED, 1)
    assert run.version.number == 2  # type: ignore[union-attr]


def test_a_promotion_during_the_training_is_not_overruled(
    digits: Recognizer, solo: User, starter: Any, at_step: AtStep
) -> None:
    def promote_another() -> None:
        other = promotions.register(recognizer=digits, bundle=starter)
        promotions.promote(version=other, replaces=promotions.current_promotion(digits.pk), reason="by hand")

    at_step("judging", promote_another)
    run = run_now(digits)
    assert (run.state, live_number(digits)) == (State.PASSED, 2)
    assert run.version.number == 3  # type: ignore[union-attr]


def test_without_approved_drawings_the_run_is_refused(digits: Recognizer) -> None:
    run = run_now(digits)
    assert (run.state, run.version, run.verdict) == (State.REFUSED, None, {})
    assert run.reason


def test_the_same_drawings_are_not_trained_on_twice(digits: Recognizer, solo: User, policy: Policy) -> None:
    Policy.objects.update(auto_promote=False)
    first = run_now(digits)
    again = run_now(digits)
    assert (again.state, again.verdict) == (State.REFUSED, {})
    assert f"run {first.pk}" in again.reason


def test_drawings_of_a_version_that_was_rolled_back_are_not_trained_on_again(digits: Recognizer, solo: User) -> None:
    assert run_now(digits).state == State.PASSED
    promotions.roll_back(recognizer=digits, reason="worse")
    run = run_now(digits)
    assert (run.state, run.verdict) == (State.REFUSED, {})
    assert live_number(digits) == 1


def test_a_run_starts_from_the_base_and_not_from_the_last_run(digits: Recognizer, solo: User) -> None:
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
        promotions.promote(version=version, replaces=promotions.current_promotion(version.recognizer_id), reason="test")


def started_from(recognizer: Recognizer) -> int:
    base = run_now(recognizer).base
    assert base is not None
    return base.number


def test_a_version_that_was_not_promoted_is_not_the_base(digits: Recognizer) -> None:
    waiting = installed(digits, 2, labels=[])
    assert started_from(digits) == 1
    assert promotions.base_version(digits) != waiting


def test_a_version_promoted_by_hand_is_the_base_until_it_is_rolled_back(digits: Recognizer) -> None:
    promote(installed(digits, 2), made_by_a_run(digits, 3))
    assert started_from(digits) == 2  # which is live again, because no drawing of the third is approved
    promotions.roll_back(recognizer=digits, reason="worse")
    assert started_from(digits) == 1


@pytest.mark.parametrize(
    ("manifest", "word"), [({"labels": [{"slug": "7"}, {"slug": "1"}]}, "labels"), ({"raster": {"size": 32}}, "raster")]
)
def test_a_champion_that_differs_from_the_base_cannot_be_compared(
    digits: Recognizer, manifest: dict[str, Any], word: str
) -> None:
    starter = installed(digits, 2, **manifest)
    promote(starter, made_by_a_run(digits, 3))
    run = run_now(digits)
    assert (run.state, run.base) == (State.REFUSED, None)
    assert word in run.reason
    assert str(starter) in run.reason


def test_a_champion_with_another_base_test_cannot_be_compared_until_the_base_is_promoted(
    digits: Recognizer, starter: Bundle
) -> None:
    known = read_pack(starter.rehearsal)
    other = write_pack(known._replace(test=known.test[1:], test_labels=known.test_labels[1:]))
    newer, trained = installed(digits, 2, rehearsal=other), made_by_a_run(digits, 3)
    promote(newer, trained)
    run = run_now(digits)
    assert (run.state, run.base) == (State.REFUSED, None)
    assert str(newer) in run.reason
    promote(newer)
    assert run_now(digits).base == newer


def test_an_error_ends_the_run_with_a_reason_and_its_log(digits: Recognizer, solo: User) -> None:
    ModelVersion.objects.update(keras=b"not a model")
    run = run_now(digits)
    assert run.state == State.FAILED
    assert "sha256" in run.reason
    assert "Traceback" in run.log
    assert STEPS[0] in run.log
    assert live_number(digits) == 1


def test_an_unexpected_error_is_named_in_the_reason(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    def fail() -> None:
        raise ZeroDivisionError("by nought")

    at_step("training", fail)
    run = run_now(digits)
    assert run.state == State.FAILED
    assert "ZeroDivisionError: by nought" in run.reason


def test_an_interrupted_run_is_closed(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    at_step("training", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_now(digits)
    run = TrainingRun.objects.get()
    assert run.state == State.FAILED
    assert run.reason


def test_after_a_failure_the_next_run_succeeds(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    def fail() -> None:
        raise MemoryError

    at_step("judging", fail)
    assert run_now(digits).state == State.FAILED
    assert run_now(digits).state == State.PASSED


@pytest.mark.parametrize("step", STEPS)
def test_a_run_can_be_cancelled_at_every_step(digits: Recognizer, solo: User, at_step: AtStep, step: str) -> None:
    at_step(step, lambda: training.cancel_run(run=TrainingRun.objects.get()))
    run = run_now(digits)
    assert (run.state, run.version) == (State.CANCELLED, None)
    assert ModelVersion.objects.count() == 1


def test_cancelling_takes_a_few_seconds(digits: Recognizer, solo: User, at_step: AtStep, settings: Any) -> None:
    settings.TRAINING_HEARTBEAT_SECONDS = 0.1
    asked = []

    def cancel() -> None:
        asked.append(time.monotonic())
        training.cancel_run(run=TrainingRun.objects.get())

    at_step("training", cancel)
    assert run_now(digits).state == State.CANCELLED
    assert time.monotonic() - asked[0] < 5


@pytest.mark.parametrize("step", STEPS)
def test_a_task_whose_run_was_given_up_changes_nothing(
    digits: Recognizer, solo: User, at_step: AtStep, settings: Any, step: str
) -> None:
    """As if the machine had been suspended: another process closed the run and opened a new one."""

    def give_up() -> None:
        settings.TRAINING_DEAD_SECONDS = 0
        training.run_due_jobs()

    at_step(step, give_up)
    run = run_now(digits)
    assert run.state == State.FAILED
    assert run.reason
    assert ModelVersion.objects.count() == Promotion.objects.count() == 1
    assert list(TrainingRun.objects.order_by("id").values_list("state", flat=True)) == [State.FAILED, State.WAITING]


@pytest.mark.parametrize("step", ["training", "deciding"])
def test_drawings_deleted_during_a_run_are_left_out(digits: Recognizer, solo: User, at_step: AtStep, step: str) -> None:
    def delete_some() -> None:
        for drawing in Drawing.objects.order_by("id")[:4]:
            store.delete_drawing(drawing=drawing)

    at_step(step, delete_some)
    run = run_now(digits)
    assert run.state == State.PASSED, run.reason
    assert run.items.count() == 26


def test_an_account_deleted_during_a_run_is_left_out(digits: Recognizer, solo: User, at_step: AtStep) -> None:
    leaver = community.person("leaver")
    community.approve(community.draw(leaver, 10))
    at_step("judging", lambda: deletion.delete_person(person=leaver))
    run = run_now(digits)
    assert run.state == State.PASSED, run.reason
    assert set(run.items.values_list("drawing__author", flat=True)) == {solo.pk}


def test_the_next_run_does_not_use_deleted_drawings(digits: Recognizer, solo: User) -> None:
    leaver = community.person("leaver")
    community.approve(community.draw(leaver, 10))
    first = run_now(digits)
    deletion.delete_person(person=leaver)
    second = run_now(digits)
    assert (first.snapshot["authors"], second.snapshot["authors"]) == (2, 1)
    assert second.snapshot["digest"] != first.snapshot["digest"]
    assert second.champion == first.version


def test_the_same_snapshot_gives_the_same_model(digits: Recognizer, solo: User, policy: Policy) -> None:
    Policy.objects.update(auto_promote=False)
    first = run_now(digits)
    TrainingRun.objects.update(verdict={})  # otherwise the second run is refused as a repetition
    second = run_now(digits)
    assert first.snapshot == second.snapshot
    assert first.version.manifest["probe"] == second.version.manifest["probe"]  # type: ignore[union-attr]


def test_a_task_delivered_twice_trains_once(digits: Recognizer, solo: User) -> None:
    run = run_now(digits)
    training.execute_run(run_id=run.pk)
    assert ModelVersion.objects.count() == 2
    assert TrainingRun.objects.get() == run


def test_drawings_name_the_versions_trained_on_them(digits: Recognizer, solo: User) -> None:
    run_now(digits)
    trained = training.versions_trained_on(Drawing.objects.all())
    assert sum(versions == [2] for versions in trained.values()) == TrainingRun.objects.get().snapshot["study"]


def test_a_version_without_any_usable_drawing_is_replaced_by_the_base(digits: Recognizer, solo: User) -> None:
    run_now(digits)
    assert live_number(digits) == 2
    deletion.delete_person(person=solo)
    run = run_now(digits)
    assert (run.state, live_number(digits)) == (State.REFUSED, 1)
    promotion = promotions.current_promotion(digits.pk)
    assert promotion is not None
    assert "version 2" in promotion.reason
    assert promotion.by is None
