"""Which model version answers, in this process, right now.

The active version of a recognizer is its newest promotion. Every process looks at most twice a
second; a newer version is loaded and verified beside the old one and then one reference is
rebound, so no request waits, fails or sees half a model. A bundle that does not verify leaves the
old version serving and is reported by `problems()`.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import DatabaseError, IntegrityError, transaction

from accounts import audit
from ml.bundles.bundle import Bundle, BundleError, raster_spec, verify_bundle, verify_serving
from ml.bundles.predictor import Predictor
from ml.preprocessing.ink import RasterSpec
from recognizer import messages, webhooks
from recognizer.models import Label, Memory, ModelVersion, Promotion, Recognizer

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

logger = logging.getLogger(__name__)

READ_MEMORIES = "recognizer.tasks.remember_all_again"  # by name: the tasks stand above the verbs
PROMOTED, ROLLED_BACK = "version.promoted", "version.rolled-back"  # in the audit log
LOOK_EVERY = 0.5  # seconds; each process has to answer with a new version within two, loading included


class UnknownRecognizerError(LookupError):
    """There is no recognizer of this slug."""


class NoModelError(RuntimeError):
    """The recognizer has no model version that can answer."""


class StalePromotionError(RuntimeError):
    """Somebody else promoted a version in the meantime."""


class NothingBeforeError(LookupError):
    """No version answered before the one that answers now."""


@dataclass(frozen=True)
class Active:
    """A version that answers: everything a prediction needs, without another query."""

    promotion_id: int
    recognizer: Recognizer
    version: ModelVersion  # without its weights
    labels: tuple[Label, ...]  # in the order of the network's outputs
    unsure_below: float
    raster: RasterSpec  # how it sees ink
    predictor: Predictor


@dataclass(frozen=True)
class _Look:
    """What the last look at the promotions of a recognizer gave."""

    at: float
    active: Active | None
    problem: str = ""
    refused: int = 0  # the promotion that did not load, so that it is not tried every second


class _Registry:
    """The versions that this process holds."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}
        self._lock = threading.Lock()

    def active(self, slug: str) -> Active:
        """The version that answers for this recognizer; never waits while an old one can answer."""
        look = self._looks.get(slug)
        if look is None or time.monotonic() - look.at >= LOOK_EVERY:
            look = self._look_again(slug, look)
        return _answering(look)

    def active_now(self, slug: str) -> Active:
        """The same, looked up now: for work that was sent because of a promotion that this process may not know."""
        return _answering(self._look_again(slug, self._looks.get(slug)))

    def _look_again(self, slug: str, old: _Look | None) -> _Look:
        can_wait = old is not None and old.active is not None
        if not self._lock.acquire(blocking=not can_wait):
            return old  # type: ignore[return-value]
        try:
            current = self._looks.get(slug)
            if current is not None and current is not old:
                return current
            self._looks[slug] = look = _look_or_keep(slug, old)
            return look
        finally:
            self._lock.release()

    def problems(self) -> dict[str, str]:
        """What keeps a recognizer's newest version from answering in this process, by slug."""
        found = {}
        for slug in Recognizer.objects.values_list("slug", flat=True):
            try:
                self.active(slug)
            except NoModelError as error:
                found[slug] = str(error)
            else:
                if problem := self._looks[slug].problem:
                    found[slug] = problem
        return found

    def forget(self) -> None:
        """Drop everything that is held; the next question loads it anew."""
        with self._lock:
            self._looks.clear()


def _answering(look: _Look) -> Active:
    if look.active is None:
        raise NoModelError(look.problem)
    return look.active


def _look_or_keep(slug: str, old: _Look | None) -> _Look:
    """A database that is away for a moment is no reason to stop answering."""
    try:
        return _look(slug, old)
    except DatabaseError as error:
        if old is None or old.active is None:
            raise
        logger.warning("cannot look for a newer version of %s: %s", slug, error)
        return replace(old, at=time.monotonic(), problem=old.problem or "The database cannot be reached.")


def _look(slug: str, old: _Look | None) -> _Look:
    now = time.monotonic()
    newest = Promotion.objects.filter(recognizer__slug=slug).order_by("-id").values_list("id", flat=True).first()
    held = old.active if old else None
    if newest is None:
        if not Recognizer.objects.filter(slug=slug).exists():
            raise UnknownRecognizerError(slug)
        return _Look(now, None, "No version has been promoted yet. Run `manage.py install_models`.")
    if held and held.promotion_id == newest:
        return _Look(now, held)
    if old and old.refused == newest:
        return _Look(now, held, old.problem, newest)
    try:
        return _Look(now, load(newest))
    except BundleError as error:
        logger.exception("promotion %d of %s does not load; keeping the version before", newest, slug)
        return _Look(now, held, f"The newest version does not load: {error}", newest)


def load(promotion_id: int) -> Active:
    """What a promotion made answer, verified. Raises BundleError.

    Only what answers is read: the other parts are megabytes, and every process would read them at each swap.
    """
    promotion = Promotion.objects.select_related("recognizer").get(pk=promotion_id)
    version = ModelVersion.objects.defer("keras", "rehearsal").get(pk=promotion.model_version_id)
    tflite = bytes(version.tflite)
    if hashlib.sha256(tflite).hexdigest() != version.sha256:
        raise BundleError(f"{version} is not the file that was registered: its checksum differs")
    predictor = verify_serving(version.manifest, tflite)
    labels = _labels_in_output_order(promotion.recognizer, version.manifest)
    light = ModelVersion.objects.defer("tflite", "keras", "rehearsal").get(pk=version.pk)
    return Active(
        promotion_id=promotion.pk,
        recognizer=promotion.recognizer,
        version=light,
        labels=labels,
        unsure_below=float(version.manifest["unsure_below"]),
        raster=raster_spec(version.manifest),
        predictor=predictor,
    )


def _labels_in_output_order(recognizer: Recognizer, manifest: dict) -> tuple[Label, ...]:
    """The order lives in the bundle, never in today's configuration."""
    known = {label.slug: label for label in recognizer.labels.all()}
    slugs = [label["slug"] for label in manifest["labels"]]
    if missing := [slug for slug in slugs if slug not in known]:
        raise BundleError(f"the bundle has labels that {recognizer.slug} does not have: {', '.join(missing)}")
    return tuple(known[slug] for slug in slugs)


def bundle_of(version: ModelVersion) -> Bundle:
    """The bundle as it was registered."""
    return Bundle(version.manifest, bytes(version.tflite), bytes(version.keras), bytes(version.rehearsal))


@transaction.atomic
def register(*, recognizer: Recognizer, bundle: Bundle) -> ModelVersion:
    """Verify a bundle and keep it as the next version. Raises BundleError; nothing is kept then."""
    verify_bundle(bundle)
    _labels_in_output_order(recognizer, bundle.manifest)
    Recognizer.objects.select_for_update(no_key=True).get(pk=recognizer.pk)  # drawings may arrive meanwhile
    last = recognizer.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return ModelVersion.objects.create(
        recognizer=recognizer,
        number=last + 1,
        manifest=bundle.manifest,
        tflite=bundle.tflite,
        keras=bundle.keras,
        rehearsal=bundle.rehearsal,
        sha256=bundle.manifest["sha256"]["tflite"],
    )


def promote(*, version: ModelVersion, replaces: Promotion | None, reason: str, by: User | None = None) -> Promotion:
    """Make a version the one that answers.

    `replaces` is the promotion that the caller believes to be the newest; if it no longer is, the
    database refuses the row and StalePromotionError is raised.
    """
    if newest(version.recognizer_id) != replaces:
        raise StalePromotionError("Another version was promoted in the meantime. Look again and decide anew.")
    return _append_promotion(version, replaces, reason, by)


def _append_promotion(version: ModelVersion, replaces: Promotion | None, reason: str, by: User | None) -> Promotion:
    try:
        with transaction.atomic():
            promotion = Promotion.objects.create(
                recognizer_id=version.recognizer_id, model_version=version, replaces=replaces, reason=reason, by=by
            )
            webhooks.promoted(promotion)
            _note(promotion)
    except IntegrityError as error:
        raise StalePromotionError("Another version was promoted at the same moment. Look again.") from error
    if Memory.objects.filter(recognizer=version.recognizer_id).exists():
        messages.send(READ_MEMORIES)
    return promotion


def _note(promotion: Promotion) -> None:
    """Going back to a version undoes, in the audit log, the promotion that it takes back."""
    version, before = promotion.model_version, promotion.replaces.model_version if promotion.replaces else None
    back = before is not None and version.number < before.number
    name = f"{version.recognizer.slug} version"
    undone = audit.last(what=PROMOTED, subject=f"{name} {before.number}") if before and back else None
    audit.note(
        by=promotion.by,
        what=ROLLED_BACK if back else PROMOTED,
        subject=f"{name} {version.number}",
        detail={"reason": promotion.reason, "before": before.number if before else None},
        undoes=undone,
    )


def newest(recognizer_id: int) -> Promotion | None:
    """The promotion that counts."""
    return Promotion.objects.filter(recognizer_id=recognizer_id).order_by("-id").first()


def recognizers() -> QuerySet[Recognizer]:
    """Those that have answered at least once."""
    return Recognizer.objects.filter(promotions__isnull=False).distinct()


def roll_back(*, recognizer: Recognizer, reason: str, by: User | None = None) -> Promotion:
    """Let the version before the active one answer again.

    Rolling back twice goes back two versions, not to and fro. Raises NothingBeforeError and StalePromotionError.
    """
    last = newest(recognizer.pk)
    before = version_before(recognizer)
    if before is None:
        raise NothingBeforeError(f"No version of {recognizer} answered before this one. Promote one by hand.")
    return promote(version=before, replaces=last, reason=reason, by=by)


def version_before(recognizer: Recognizer) -> ModelVersion | None:
    """The version that a rollback brings back, without its weights; None when there is none."""
    line = _line(recognizer.pk)
    return recognizer.versions.defer(*ModelVersion.HEAVY).get(pk=line[-2]) if len(line) > 1 else None


def was_rolled_back(version: ModelVersion) -> bool:
    """Whether it answered once, and was given up for a version before it."""
    return version.promotions.exists() and version.pk not in _line(version.recognizer_id)


def starter(recognizer: Recognizer) -> ModelVersion | None:
    """The version that every run starts from: the last that answered and that no run made, unless it was given up.

    One that waits to be promoted is an experiment until then.
    """
    line = _line(recognizer.pk)
    installed = set(recognizer.versions.filter(training_run__isnull=True, pk__in=line).values_list("pk", flat=True))
    last = next((version for version in reversed(line) if version in installed), None)
    return None if last is None else recognizer.versions.get(pk=last)


def _line(recognizer_id: int) -> list[int]:
    """The versions that built on each other, the active one last: going back to one takes those after it off."""
    line: list[int] = []
    promoted = Promotion.objects.filter(recognizer_id=recognizer_id).order_by("id")
    for version in promoted.values_list("model_version", flat=True):
        line = [*line[: line.index(version)], version] if version in line else [*line, version]
    return line


_registry = _Registry()
active = _registry.active
active_now = _registry.active_now
problems = _registry.problems
forget = _registry.forget
