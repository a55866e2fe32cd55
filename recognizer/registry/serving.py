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

from django.db import DatabaseError

from ml.bundles.bundle import BundleError, raster_spec, verify_serving
from ml.bundles.predictor import Predictor
from ml.preprocessing.ink import RasterSpec
from recognizer.models import Label, ModelVersion, Promotion, Recognizer
from recognizer.registry.labels import labels_in_output_order

if TYPE_CHECKING:
    pass

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds; each process has to answer with a new version within two, loading included


class UnknownRecognizerError(LookupError):
    """There is no recognizer of this slug."""


class NoModelError(RuntimeError):
    """The recognizer has no model version that can answer."""


@dataclass(frozen=True)
class LiveVersion:
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
    live: LiveVersion | None
    problem: str = ""
    refused: int = 0  # the promotion that did not load, so that it is not tried every second


class _Registry:
    """The versions that this process holds."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}
        self._lock = threading.Lock()

    def live_version(self, slug: str) -> LiveVersion:
        """The version that answers for this recognizer; never waits while an old one can answer."""
        look = self._looks.get(slug)
        if look is None or time.monotonic() - look.at >= LOOK_EVERY:
            look = self._look_again(slug, look)
        return _answering(look)

    def live_version_now(self, slug: str) -> LiveVersion:
        """The same, looked up now: for work that was sent because of a promotion that this process may not know."""
        return _answering(self._look_again(slug, self._looks.get(slug)))

    def _look_again(self, slug: str, old: _Look | None) -> _Look:
        can_wait = old is not None and old.live is not None
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

    def loading_problems(self) -> dict[str, str]:
        """What keeps a recognizer's newest version from answering in this process, by slug."""
        found = {}
        for slug in Recognizer.objects.values_list("slug", flat=True):
            try:
                self.live_version(slug)
            except NoModelError as error:
                found[slug] = str(error)
            else:
                if problem := self._looks[slug].problem:
                    found[slug] = problem
        return found

    def clear_cache(self) -> None:
        """Drop everything that is held; the next question loads it anew."""
        with self._lock:
            self._looks.clear()


def _answering(look: _Look) -> LiveVersion:
    if look.live is None:
        raise NoModelError(look.problem)
    return look.live


def _look_or_keep(slug: str, old: _Look | None) -> _Look:
    """A database that is away for a moment is no reason to stop answering."""
    try:
        return _look(slug, old)
    except DatabaseError as error:
        if old is None or old.live is None:
            raise
        logger.warning("cannot look for a newer version of %s: %s", slug, error)
        return replace(old, at=time.monotonic(), problem=old.problem or "The database cannot be reached.")


def _look(slug: str, old: _Look | None) -> _Look:
    now = time.monotonic()
    newest = Promotion.objects.filter(recognizer__slug=slug).order_by("-id").values_list("id", flat=True).first()
    held = old.live if old else None
    if newest is None:
        if not Recognizer.objects.filter(slug=slug).exists():
            raise UnknownRecognizerError(slug)
        return _Look(now, None, "No version has been promoted yet. Run `manage.py install_models`.")
    if held and held.promotion_id == newest:
        return _Look(now, held)
    if old and old.refused == newest:
        return _Look(now, held, old.problem, newest)
    try:
        return _Look(now, load_version(newest))
    except BundleError as error:
        logger.exception("promotion %d of %s does not load; keeping the version before", newest, slug)
        return _Look(now, held, f"The newest version does not load: {error}", newest)


def load_version(promotion_id: int) -> LiveVersion:
    """What a promotion made answer, verified. Raises BundleError.

    Only what answers is read: the other parts are megabytes, and every process would read them at each swap.
    """
    promotion = Promotion.objects.select_related("recognizer").get(pk=promotion_id)
    version = ModelVersion.objects.defer("keras", "rehearsal").get(pk=promotion.model_version_id)
    tflite = bytes(version.tflite)
    if hashlib.sha256(tflite).hexdigest() != version.sha256:
        raise BundleError(f"{version} is not the file that was registered: its checksum differs")
    predictor = verify_serving(version.manifest, tflite)
    labels = labels_in_output_order(promotion.recognizer, version.manifest)
    light = ModelVersion.objects.defer("tflite", "keras", "rehearsal").get(pk=version.pk)
    return LiveVersion(
        promotion_id=promotion.pk,
        recognizer=promotion.recognizer,
        version=light,
        labels=labels,
        unsure_below=float(version.manifest["unsure_below"]),
        raster=raster_spec(version.manifest),
        predictor=predictor,
    )


_registry = _Registry()
live_version = _registry.live_version
live_version_now = _registry.live_version_now
loading_problems = _registry.loading_problems
clear_cache = _registry.clear_cache
