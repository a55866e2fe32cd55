"""One training run: snapshot, fine-tuning, gate, and what follows from the verdict."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError

from ml.bundles.bundle import raster_spec
from ml.embeddings.replay_pack import have_same_test, read_pack
from recognizer.models import ModelVersion, Promotion, TrainingRun
from recognizer.registry import promotions
from recognizer.training import snapshots
from recognizer.training.lease import CancelledError, Lease, LostLeaseError
from recognizer.training.runs import policy_of
from recognizer.training.split import DrawingSplit

if TYPE_CHECKING:
    from ml.bundles.bundle import Bundle
    from ml.evaluation.gate import GateVerdict

logger = logging.getLogger(__name__)
State = TrainingRun.State
MAX_ATTEMPTS = 5


class DeclinedError(RuntimeError):
    """The run decides not to train, or not to go on; the text says why."""


class DeletionRaceError(RuntimeError):
    """Drawings are deleted faster than they can be put on record."""


@dataclass(frozen=True)
class TrainingPlan:
    """What a run starts from."""

    base: ModelVersion
    promotion: Promotion
    champion: ModelVersion
    bundle: Bundle  # of the base
    mode: str


def execute_run(*, run_id: int) -> None:
    """Work on a run from the snapshot to the promotion, unless another task has it. A run that fails raises nothing."""
    lease = Lease.take(run_id)
    if lease is None:
        logger.info("run %d is not waiting; another task has it, or it is over", run_id)
        return
    with lease:
        try:
            _work(lease)
        except LostLeaseError as error:
            logger.warning("stopped: %s", error)
        except CancelledError:
            lease.close(State.CANCELLED, "Cancelled while it ran. Nothing was changed.")
        except DeclinedError as error:
            lease.close(State.REFUSED, str(error))
        except Exception as error:
            logger.exception("run %d failed", run_id)
            lease.say(traceback.format_exc().replace("\0", ""))
            lease.close(State.FAILED, _in_words(error))
        except BaseException:
            lease.close(State.FAILED, "It was interrupted: its process was told to stop.")
            raise


def _in_words(error: Exception) -> str:
    ours = type(error).__module__.partition(".")[0] in ("ml", "recognizer")
    return str(error) if ours else f"It broke off with an error that nobody foresaw: {type(error).__name__}: {error}"


def _work(lease: Lease) -> None:
    from ml.evaluation.exam import examine
    from ml.training.finetune import finetune

    lease.step("gathering")
    plan = _plan(lease)
    choice = _take(lease, plan)
    slugs, raster = plan.bundle.slugs, plan.bundle.raster
    study = snapshots.rasterise_drawings(choice.study, slugs=slugs, raster=raster, look=lease.look)
    exam = snapshots.rasterise_drawings(choice.exam, slugs=slugs, raster=raster, look=lease.look)
    lease.step("training")
    seed = choice.record()["seed"]
    challenger = finetune(plan.bundle, study.lesson, mode=plan.mode, seed=seed, report=lease.report)
    lease.step("judging")
    champion = promotions.bundle_of(plan.champion)
    authors = choice.record()["exam_authors"]
    verdict = examine(
        champion, challenger, exam.lesson, by_author=choice.by_author, authors=authors, starter=plan.bundle
    )
    lease.step("deciding")
    _decide(lease, plan, verdict, challenger, exam.drawings)


def _plan(lease: Lease) -> TrainingPlan:
    from ml.training.finetune import find_mode

    recognizer = lease.run.recognizer
    promotion = promotions.newest(recognizer.pk)
    base = promotions.starter(recognizer)
    if promotion is None or base is None:
        raise DeclinedError(f"{recognizer} has no version to start from. Run `manage.py install_models`.")
    bundle = promotions.bundle_of(base)
    champion = promotion.model_version
    if unlike := _unlike(champion, bundle):
        raise DeclinedError(
            f"{champion} {unlike} than {base}, from which runs start: they cannot be compared. Promote {base} first."
        )
    mode, why = find_mode(bundle)
    lease.say(f"From {base} against {champion}, {mode} mode: {why}")
    return TrainingPlan(base, promotion, champion, bundle, mode)


def _unlike(champion: ModelVersion, base: Bundle) -> str:
    """What keeps the champion from being compared with what the base is taught; empty if nothing does."""
    if [label["slug"] for label in champion.manifest["labels"]] != base.slugs:
        return "has other labels"
    if raster_spec(champion.manifest) != base.raster:
        return "sees ink on another raster"
    packs = [bytes(champion.rehearsal), base.rehearsal]
    if all(packs) and packs[0] != packs[1] and not have_same_test(*map(read_pack, packs)):
        return "takes another base test"
    return ""


def _take(lease: Lease, plan: TrainingPlan) -> DrawingSplit:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return _take_once(lease, plan)
        except IntegrityError:  # a drawing was deleted between being chosen and being put on record
            lease.say(f"A drawing was deleted meanwhile; choosing again ({attempt} of {MAX_ATTEMPTS}).")
    raise DeletionRaceError("Drawings are being deleted faster than they can be chosen. The next run will try again.")


def _take_once(lease: Lease, plan: TrainingPlan) -> DrawingSplit:
    run, cap = lease.run, policy_of(lease.run.recognizer).cap
    with lease.writing():
        last = snapshots.newest_approval_id(run.recognizer)
        choice = snapshots.choose_drawings(
            recognizer=run.recognizer, slugs=plan.bundle.slugs, cap=cap, champion=plan.champion
        )
        record = {**choice.record(), "cap": cap, "last_review": last}
        snapshots.save_snapshot(run=run, choice=choice)
        # Last, for it shows a pulse too: while this transaction holds the run, no other can.
        lease.update(snapshot=record, base=plan.base, champion=plan.champion, mode=plan.mode)
    lease.say(f"{record['study']} drawings to learn from, {record['exam']} for the exam. {choice.why}")
    if not choice.study:
        raise DeclinedError(_without_study(lease, plan))
    _check_news(run, choice)
    return choice


def _without_study(lease: Lease, plan: TrainingPlan) -> str:
    """What became of it, in words: a version whose teachers have all gone does not stay."""
    if plan.champion == plan.base:
        return "No drawing is approved to learn from. Review some corrections first."
    with lease.writing():
        reason = f"Nothing that taught {plan.champion} may teach any longer."
        promotions.promote(version=plan.base, replaces=plan.promotion, reason=reason)
    return f"No drawing is approved to learn from any more, so {plan.base} answers again."


def _check_news(run: TrainingRun, choice: DrawingSplit) -> None:
    """Raises DeclinedError where training would give the same again."""
    same = run.recognizer.training_runs.exclude(pk=run.pk).filter(
        snapshot__digest=choice.digest, base=run.base, mode=run.mode
    )
    made = ModelVersion.objects.filter(training_run__in=same).defer(*ModelVersion.HEAVY)
    if any(promotions.was_rolled_back(version) for version in made):
        raise DeclinedError(
            "These very drawings made a version that was rolled back. Review more, or promote it by hand."
        )
    twin = same.filter(state__in=[State.PASSED, State.REFUSED], champion=run.champion).exclude(verdict={}).first()
    if twin:
        raise DeclinedError(f"Nothing was approved or taken back since run {twin.pk}: it would learn the same again.")


def _decide(lease: Lease, plan: TrainingPlan, verdict: GateVerdict, challenger: Bundle, exam: list[int]) -> None:
    with lease.writing():
        if snapshots.uses_excluded_authors(lease.run):
            raise DeclinedError("The author of drawings that it learned from was set aside meanwhile. Teach it again.")
        lease.update(verdict=verdict.to_dict())
        lease.say("\n         ".join(["The gate says:", *verdict.sentences]))
        slugs = plan.bundle.slugs
        snapshots.save_answers(run=lease.run, drawings=exam, before=verdict.before, after=verdict.after, slugs=slugs)
        if verdict.outcome != "passed":
            lease.close(State.REFUSED, " ".join(verdict.objections))
            return
        version = promotions.register(recognizer=lease.run.recognizer, bundle=challenger)
        reason = f"Run {lease.run.pk} passed the gate: {_field_test(verdict)}."
        lease.close(State.PASSED, _promote(plan, version, reason), version=version)


def _field_test(verdict: GateVerdict) -> str:
    field = verdict.figures["field"]
    return f"{field['after']:.1%} right of {field['count']} drawings that it had not seen, {field['before']:.1%} before"


def _promote(plan: TrainingPlan, version: ModelVersion, reason: str) -> str:
    """Promote it where the policy says so; returns in words what became of it."""
    if not policy_of(version.recognizer).auto_promote:
        return f"It passed as {version}, and waits for somebody to promote it: the policy does not do so by itself."
    try:
        promotions.promote(version=version, replaces=plan.promotion, reason=reason)
    except promotions.StalePromotionError:
        return f"It passed as {version}, but was not promoted: another version was promoted while it was trained."
    return f"It passed as {version}, which answers from now on."
