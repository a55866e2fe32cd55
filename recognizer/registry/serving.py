"""Which model version is live in this process, loaded and ready to predict.

The live version of a recognizer is the one of its newest promotion. Every process checks for a newer promotion at most
twice a second. It loads and verifies the new version beside the old one and then replaces one reference, so no request
waits, fails or sees half a model. If the new version cannot be loaded, the old one stays live, and
`loading_problems()` says why.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from dataclasses import dataclass, replace

from django.db import DatabaseError

from ml.bundles.bundle import BundleError, raster_spec, verify_serving
from ml.bundles.predictor import Predictor
from ml.preprocessing.ink import RasterSpec
from recognizer.models import Label, ModelVersion, Promotion, Recognizer
from recognizer.models.model_version import OTHER_FILES, WEIGHTS

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds; a process must use a new version within two seconds, loading included
KNOWN_FOR = 5.0  # seconds for which a process says what it found, without looking again


class UnknownRecognizerError(LookupError):
    """There is no recognizer with this slug."""


class NoModelError(RuntimeError):
    """The recognizer has no model version that can predict."""


@dataclass(frozen=True)
class LiveVersion:
    """A loaded model version: everything that a prediction needs, without another query."""

    promotion_id: int
    recognizer: Recognizer
    version: ModelVersion  # without its weights
    labels: tuple[Label, ...]  # in the order of the network's outputs
    unsure_below: float
    raster: RasterSpec  # how it sees ink
    predictor: Predictor


@dataclass(frozen=True)
class _Look:
    """The result of the last check for a newer promotion of one recognizer."""

    at: float
    live: LiveVersion | None
    problem: str = ""
    refused: int = 0  # the promotion that did not load, so that it is not tried again at every check


class _Registry:
    """The live versions in this process."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}
        self._lock = threading.Lock()

    def live_version(self, slug: str) -> LiveVersion:
        """The live version of a recognizer; does not wait while an older one can predict.

        Raises UnknownRecognizerError and NoModelError.
        """
        look = self._looks.get(slug)
        if look is None or time.monotonic() - look.at >= LOOK_EVERY:
            look = self._look_again(slug, look)
        return _live(look)

    def live_version_now(self, slug: str) -> LiveVersion:
        """The same, checked now: for a task that was sent after a promotion which this process may not know yet."""
        return _live(self._look_again(slug, self._looks.get(slug)))

    def _look_again(self, slug: str, old: _Look | None) -> _Look:
        has_version = old is not None and old.live is not None
        if not self._lock.acquire(blocking=not has_version):
            return old  # type: ignore[return-value]
        try:
            current = self._looks.get(slug)
            if current is not None and current is not old:
                return current
            self._looks[slug] = look = _look_or_keep(slug, old)
            return look
        finally:
            self._lock.release()

    def known_numbers(self) -> dict[str, int]:
        """By slug of a recognizer: the number of its live version, if this was checked lately. Reads no database."""
        since = time.monotonic() - KNOWN_FOR
        looks = [*self._looks.items()]
        return {slug: look.live.version.number for slug, look in looks if look.live and look.at >= since}

    def loaded_numbers(self) -> dict[str, int]:
        """By slug of a recognizer: the number of the version that this process holds. Reads no database."""
        return {slug: look.live.version.number for slug, look in [*self._looks.items()] if look.live}

    def loading_problems(self) -> dict[str, str]:
        """By slug of a recognizer that is switched on: why its newest version is not live in this process."""
        found = {}
        for slug in Recognizer.objects.filter(is_on=True).values_list("slug", flat=True):
            try:
                self.live_version(slug)
            except NoModelError as error:
                found[slug] = str(error)
            else:
                if problem := self._looks[slug].problem:
                    found[slug] = problem
        return found

    def clear_cache(self) -> None:
        """Unload all versions; the next prediction loads its version again."""
        with self._lock:
            self._looks.clear()


def _live(look: _Look) -> LiveVersion:
    if look.live is None:
        raise NoModelError(look.problem)
    return look.live


def _look_or_keep(slug: str, old: _Look | None) -> _Look:
    """Keep the version that is there if the database cannot be reached."""
    try:
        return _look(slug, old)
    except DatabaseError as error:
        if old is None or old.live is None:
            raise
        logger.warning("cannot check for a newer version of %s: %s", slug, error)
        return replace(old, at=time.monotonic(), problem=old.problem or "The database cannot be reached.")


def _look(slug: str, old: _Look | None) -> _Look:
    now = time.monotonic()
    newest = Promotion.objects.filter(recognizer__slug=slug).order_by("-id").values_list("id", flat=True).first()
    live = old.live if old else None
    if newest is None:
        if not Recognizer.objects.filter(slug=slug).exists():
            raise UnknownRecognizerError(slug)
        return _Look(now, None, "No version has been promoted yet. Run `manage.py install_models`.")
    if live and live.promotion_id == newest:
        return _Look(now, live)
    if old and old.refused == newest:
        return _Look(now, live, old.problem, newest)
    try:
        return _Look(now, load_version(newest))
    except BundleError as error:
        logger.exception("promotion %d of %s cannot be loaded; the version before it stays live", newest, slug)
        return _Look(now, live, f"The newest version cannot be loaded: {error}", newest)


def load_version(promotion_id: int) -> LiveVersion:
    """Load and verify the version of a promotion. Raises BundleError.

    Reads only what predicts: the other parts of a bundle are megabytes, and every process would read them.
    """
    promotion = Promotion.objects.select_related("recognizer").get(pk=promotion_id)
    version = ModelVersion.objects.defer(*OTHER_FILES).get(pk=promotion.model_version_id)
    tflite = bytes(version.tflite)
    if hashlib.sha256(tflite).hexdigest() != version.sha256:
        raise BundleError(f"{version} is not the file that was registered: its SHA-256 differs")
    return LiveVersion(
        promotion_id=promotion.pk,
        recognizer=promotion.recognizer,
        version=ModelVersion.objects.defer(*WEIGHTS).get(pk=version.pk),
        labels=labels_in_output_order(promotion.recognizer, version.manifest),
        unsure_below=float(version.manifest["unsure_below"]),
        raster=raster_spec(version.manifest),
        predictor=verify_serving(version.manifest, tflite),
    )


def labels_in_output_order(recognizer: Recognizer, manifest: dict) -> tuple[Label, ...]:
    """The labels in the order of the model's outputs, which the bundle states. Raises BundleError for unknown ones."""
    known = {label.slug: label for label in recognizer.labels.all()}
    slugs = [label["slug"] for label in manifest["labels"]]
    if missing := [slug for slug in slugs if slug not in known]:
        raise BundleError(f"the bundle has labels that {recognizer.slug} does not have: {', '.join(missing)}")
    return tuple(known[slug] for slug in slugs)


_registry = _Registry()
live_version = _registry.live_version
live_version_now = _registry.live_version_now
known_numbers = _registry.known_numbers
loaded_numbers = _registry.loaded_numbers
loading_problems = _registry.loading_problems
clear_cache = _registry.clear_cache
