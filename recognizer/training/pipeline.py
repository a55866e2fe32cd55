"""One training run: snapshot, fine-tuning, gate and promotion."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError

from ml.bundles.bundle import Bundle, raster_spec
from ml.embeddings.replay_pack import have_same_test, read_pack
from ml.statistics import floor_percent
from recognizer.models import ModelVersion, Promotion, TrainingRun
from recognizer.registry import promotions
from recognizer.registry.base_tests import InstalledTest, base_test_of
from recognizer.training import snapshots
from recognizer.training.lease import CancelledError, Lease, LostLeaseError
from recognizer.training.runs import policy_of
from recognizer.training.split import DrawingSplit

if TYPE_CHECKING:
    from ml.evaluation.gate import GateVerdict

logger = logging.getLogger(__name__)
State = TrainingRun.State
MAX_ATTEMPTS = 5


class DeclinedError(RuntimeError):
    """There is a reason not to train, or not to go on. The text says which; the run ends as refused."""


class DeletionRaceError(RuntimeError):
    """Drawings are deleted faster than a snapshot of them can be saved."""


@dataclass(frozen=True)
class TrainingPlan:
    """What a run starts from, and what its result is compared with."""

    base: ModelVersion
    promotion: Promotion  # the newest one, of the champion
    champion: ModelVersion
    bundle: Bundle  # of the base
    base_test: InstalledTest | None
    mode: str
    why: str  # the reason for the mode


def execute_run(*, run_id: int) -> None:
    """Work on a waiting run until it ends, unless another task has it. A run that fails raises nothing."""
    lease = Lease.acquire(run_id)
    if lease is None:
        logger.info("training run %d is not waiting: another task has it, or it has ended", run_id)
        return
    with lease:
        try:
            _train(lease)
        except LostLeaseError as error:
            logger.warning("training run %d stopped: %s", run_id, error)
        except CancelledError:
            lease.close(State.CANCELLED, "Cancelled while it ran. Nothing was changed.")
        except DeclinedError as error:
            lease.close(State.REFUSED, str(error))
        except Exception as error:
            logger.exception("training run %d failed", run_id)
            lease.log(traceback.format_exc().replace("\0", ""))
            known = type(error).__module__.partition(".")[0] in ("ml", "recognizer")
            lease.close(State.FAILED, str(error) if known else f"Unexpected error: {type(error).__name__}: {error}")
        except BaseException:
            lease.close(State.FAILED, "The process of the worker was stopped.")
            raise


def _train(lease: Lease) -> None:
    from ml.evaluation.exam import examine
    from ml.training.finetune import finetune

    lease.begin_step("gathering")
    plan = _plan(lease)
    split = _take_snapshot(lease, plan)
    slugs, raster = plan.bundle.slugs, plan.bundle.raster
    study = snapshots.rasterise_drawings(split.study, slugs=slugs, raster=raster, check=lease.check)
    exam = snapshots.rasterise_drawings(split.exam, slugs=slugs, raster=raster, check=lease.check)
    lease.begin_step("training")
    record = split.record()
    base_test = plan.base_test.test if plan.base_test else None
    challenger = finetune(
        plan.bundle,
        study.arrays,
        mode=plan.mode,
        seed=record["seed"],
        report=lease.set_progress,
        base_test=base_test,
    )
    lease.begin_step("judging")
    champion = promotions.bundle_of(plan.champion)
    authors = record["exam_authors"]
    verdict = examine(
        champion,
        challenger,
        exam.arrays,
        by_author=split.by_author,
        authors=authors,
        starter=plan.bundle,
        base_test=base_test,
    )
    lease.begin_step("deciding")
    _decide(lease, plan, verdict, challenger, exam.drawings)


def _plan(lease: Lease) -> TrainingPlan:
    from ml.training.finetune import find_mode

    recognizer = lease.run.recognizer
    promotion = promotions.current_promotion(recognizer.pk)
    base = promotions.base_version(recognizer)
    if promotion is None or base is None:
        raise DeclinedError(f"{recognizer} has no version to start from. Run `manage.py install_models`.")
    bundle = promotions.bundle_of(base)
    champion = promotion.model_version
    base_test = base_test_of(recognizer, bundle)
    if difference := _difference(champion, bundle, base_test):
        raise DeclinedError(
            f"{champion} cannot be compared with {base}, from which training starts: {difference}. "
            f"Promote {base} first."
        )
    mode, why = find_mode(bundle)
    lease.log(f"Training starts from {base} and is compared with {champion}. Mode {mode}: {why}")
    return TrainingPlan(base, promotion, champion, bundle, base_test, mode, why)


def _difference(champion: ModelVersion, base: Bundle, base_test: InstalledTest | None) -> str:
    """Why the champion cannot be compared with a model trained from the base; empty if it can."""
    if [label["slug"] for label in champion.manifest["labels"]] != base.slugs:
        return "their labels differ"
    if raster_spec(champion.manifest) != base.raster:
        return "their rasters differ"
    if base_test:  # both answer it, whatever is in their packs
        return ""
    packs = [bytes(champion.rehearsal), base.rehearsal]
    if all(packs) and packs[0] != packs[1] and not have_same_test(*map(read_pack, packs)):
        return "their base tests differ"
    return ""


def _take_snapshot(lease: Lease, plan: TrainingPlan) -> DrawingSplit:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return _try_snapshot(lease, plan)
        except IntegrityError:  # a drawing was deleted after it was chosen and before the snapshot was saved
            lease.log(f"A drawing was deleted meanwhile. Choosing again ({attempt} of {MAX_ATTEMPTS}).")
    raise DeletionRaceError("Drawings are deleted faster than they can be chosen. The next run will try again.")


def _try_snapshot(lease: Lease, plan: TrainingPlan) -> DrawingSplit:
    run, cap = lease.run, policy_of(lease.run.recognizer).cap
    with lease.locked_transaction():
        last = snapshots.newest_approval_id(run.recognizer)
        split = snapshots.choose_drawings(
            recognizer=run.recognizer, slugs=plan.bundle.slugs, cap=cap, champion=plan.champion
        )
        base_test = plan.base_test.sha256 if plan.base_test else ""
        facts = {"cap": cap, "last_review": last, "base_test": base_test, "mode_reason": plan.why}
        record = {**split.record(), **facts}
        snapshots.save_snapshot(run=run, split=split)
        # This comes last because it also writes the heartbeat: no other heartbeat can while this transaction runs.
        lease.update(snapshot=record, base=plan.base, champion=plan.champion, mode=plan.mode)
    lease.log(f"{record['study']} drawings to train on, {record['exam']} for the exam. {split.why}")
    if not split.study and plan.champion == plan.base:
        raise DeclinedError("No drawing is approved to train on. Review some corrections first.")
    if not split.study:  # no drawing that the champion was trained on may be used any more: go back to the base
        with lease.locked_transaction():
            reason = f"None of the drawings that {plan.champion} was trained on may be used any more."
            promotions.promote(version=plan.base, replaces=plan.promotion, reason=reason)
        raise DeclinedError(f"No drawing is approved to train on any more, so {plan.base} is live again.")
    _check_is_new(run, split)
    return split


def _check_is_new(run: TrainingRun, split: DrawingSplit) -> None:
    """Raises DeclinedError if training would give a result that is known already."""
    same = run.recognizer.training_runs.exclude(pk=run.pk).filter(
        snapshot__digest=split.digest, base=run.base, mode=run.mode
    )
    made = ModelVersion.objects.filter(training_run__in=same).light()
    if any(promotions.was_rolled_back(version) for version in made):
        raise DeclinedError(
            "A version trained on exactly these drawings was rolled back. Review more drawings, or promote it by hand."
        )
    twin = same.filter(state__in=[State.PASSED, State.REFUSED], champion=run.champion).exclude(verdict={}).first()
    if twin:
        raise DeclinedError(f"The approved drawings are the same as in run {twin.pk}, so the result would be the same.")


def _decide(lease: Lease, plan: TrainingPlan, verdict: GateVerdict, challenger: Bundle, exam: list[int]) -> None:
    with lease.locked_transaction():
        if snapshots.uses_excluded_authors(lease.run):
            raise DeclinedError("An author of drawings that it was trained on was excluded meanwhile. Train again.")
        lease.update(verdict={**verdict.to_dict(), "choices": challenger.manifest["training"].get("choices", [])})
        lease.log("\n         ".join(["Verdict of the gate:", *verdict.sentences]))
        slugs = plan.bundle.slugs
        snapshots.save_answers(run=lease.run, drawings=exam, before=verdict.before, after=verdict.after, slugs=slugs)
        if verdict.outcome != "passed":
            lease.close(State.REFUSED, _why_not(plan, verdict))
            return
        version = promotions.register(recognizer=lease.run.recognizer, bundle=challenger)
        field = verdict.figures["field"]
        reason = (
            f"Training run {lease.run.pk} passed the gate: {floor_percent(field['after'])}% of {field['count']} unseen "
            f"drawings correct, {floor_percent(field['before'])}% before."
        )
        lease.close(State.PASSED, _promote(plan, version, reason), version=version)


def _why_not(plan: TrainingPlan, verdict: GateVerdict) -> str:
    """Why the new version was not registered, as sentences."""
    why = " ".join(verdict.objections)
    return f"No better than {plan.champion}, which stays live. {why}" if verdict.outcome == "no-better" else why


def _promote(plan: TrainingPlan, version: ModelVersion, reason: str) -> str:
    """Promote the version if the policy allows it. Returns what happened, as a sentence."""
    if not policy_of(version.recognizer).auto_promote:
        return f"Passed as {version}. The policy does not promote automatically, so a person has to promote it."
    try:
        promotions.promote(version=version, replaces=plan.promotion, reason=reason)
    except promotions.StalePromotionError:
        return f"Passed as {version}, but not promoted: another version was promoted during the training."
    return f"Passed as {version}, which is live now."
