"""Register a model version, promote it, and roll back to the previous one."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import User
from ml.bundles.bundle import Bundle, check_history, verify_bundle
from recognizer import enqueue, webhooks
from recognizer.models import Memory, ModelVersion, Promotion, Recognizer
from recognizer.registry.serving import labels_in_output_order

PROMOTED = "version.promoted"  # in the audit log
ROLLED_BACK = "version.rolled-back"


class StalePromotionError(RuntimeError):
    """Another version was promoted in the meantime."""

    def __str__(self) -> str:
        return "Another version was promoted in the meantime. Check which version is live, then decide again."


class NothingBeforeError(LookupError):
    """No version was live before the live one."""


def bundle_of(version: ModelVersion) -> Bundle:
    """The version's files as they were registered."""
    files = (version.tflite, version.keras, version.rehearsal, version.glyphs)
    return Bundle(version.manifest, *map(bytes, files))


@transaction.atomic
def register(*, recognizer: Recognizer, bundle: Bundle) -> ModelVersion:
    """Verify a bundle and save it as the next version. Raises BundleError; then nothing is saved."""
    verify_bundle(bundle)
    check_history(bundle)
    labels_in_output_order(recognizer, bundle.manifest)
    Recognizer.objects.select_for_update(no_key=True).get(pk=recognizer.pk)  # drawings can be saved meanwhile
    last = recognizer.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return ModelVersion.objects.create(
        recognizer=recognizer,
        number=last + 1,
        manifest=bundle.manifest,
        tflite=bundle.tflite,
        keras=bundle.keras,
        rehearsal=bundle.rehearsal,
        glyphs=bundle.glyphs,
        sha256=bundle.manifest["sha256"]["tflite"],
    )


def promote(*, version: ModelVersion, replaces: Promotion | None, reason: str, by: User | None = None) -> Promotion:
    """Make a version the live one.

    `replaces` is the newest promotion that the caller knows. If there is a newer one by now, a database constraint
    refuses the row and StalePromotionError is raised.
    """
    if current_promotion(version.recognizer_id) != replaces:
        raise StalePromotionError
    try:
        with transaction.atomic():
            promotion = Promotion.objects.create(
                recognizer_id=version.recognizer_id, model_version=version, replaces=replaces, reason=reason, by=by
            )
            webhooks.create_promotion_deliveries(promotion)
            _note(promotion)
    except IntegrityError as error:
        raise StalePromotionError from error
    if Memory.objects.filter(recognizer=version.recognizer_id).exists():
        enqueue.send_on_commit(enqueue.Task.REFRESH_MEMORIES)
    return promotion


def _note(promotion: Promotion) -> None:
    """Write the audit log. The entry of a rollback refers to the promotion that it undoes."""
    version, before = promotion.model_version, promotion.replaces.model_version if promotion.replaces else None
    back = before is not None and version.number < before.number
    name = f"{version.recognizer.slug} version"
    undone = audit.newest_entry(what=PROMOTED, subject=f"{name} {before.number}") if before and back else None
    audit.note(
        by=promotion.by,
        what=ROLLED_BACK if back else PROMOTED,
        subject=f"{name} {version.number}",
        detail={"reason": promotion.reason, "before": before.number if before else None},
        undoes=undone,
    )


def current_promotion(recognizer_id: int) -> Promotion | None:
    """The newest promotion, the one that counts."""
    return Promotion.objects.filter(recognizer_id=recognizer_id).order_by("-id").first()


def live_recognizers() -> QuerySet[Recognizer]:
    """Recognizers with a live version."""
    return Recognizer.objects.filter(promotions__isnull=False).distinct()


def offered_recognizers() -> QuerySet[Recognizer]:
    """Recognizers with a live version that are switched on: what pages and the API offer for new drawings."""
    return live_recognizers().filter(is_on=True)


def roll_back(*, recognizer: Recognizer, reason: str, by: User | None = None) -> Promotion:
    """Promote the version that was live before the live one.

    Rolling back twice goes back two versions. Raises NothingBeforeError and StalePromotionError.
    """
    last = current_promotion(recognizer.pk)
    before = previous_version(recognizer)
    if before is None:
        raise NothingBeforeError(f"No version of {recognizer} was live before this one. Promote a version by hand.")
    return promote(version=before, replaces=last, reason=reason, by=by)


def previous_version(recognizer: Recognizer) -> ModelVersion | None:
    """The version that a rollback makes live, without its weights; None if there is none."""
    line = _line(recognizer.pk)
    return recognizer.versions.light().get(pk=line[-2]) if len(line) > 1 else None


def was_rolled_back(version: ModelVersion) -> bool:
    """Whether it was live once, and a rollback to an earlier version ended that."""
    return version.promotions.exists() and version.pk not in _line(version.recognizer_id)


def base_version(recognizer: Recognizer) -> ModelVersion | None:
    """The version that every training run starts from; None without one.

    It is the last live version that no training run made and no rollback ended. A version that was never promoted
    does not count. Its weights and its manifest are loaded when they are read.
    """
    line = _line(recognizer.pk)
    installed = set(recognizer.versions.filter(training_run__isnull=True, pk__in=line).values_list("pk", flat=True))
    last = next((version for version in reversed(line) if version in installed), None)
    return None if last is None else recognizer.versions.light().get(pk=last)


def _line(recognizer_id: int) -> list[int]:
    """Ids of versions in the order in which they were live, the live one last, without those that were rolled back."""
    line: list[int] = []
    promoted = Promotion.objects.filter(recognizer_id=recognizer_id).order_by("id")
    for version in promoted.values_list("model_version", flat=True):
        line = [*line[: line.index(version)], version] if version in line else [*line, version]
    return line
