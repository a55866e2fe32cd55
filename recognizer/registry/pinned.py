"""Pins: a version of a recognizer that a program chose by its number, beside the one that answers."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ml.bundles.bundle import BundleError
from recognizer.models import ModelVersion, Promotion
from recognizer.registry import serving
from recognizer.registry.serving import LiveVersion

HELD = 4  # versions that one process holds besides the active ones: a few megabytes each


class UnknownVersionError(LookupError):
    """The recognizer has no version of this number."""


class UnavailableVersionError(RuntimeError):
    """The version is there, but must not answer: it never did here, or it does not load."""


class _Pinned:
    """The versions that this process holds, the last used last, by recognizer and number."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, int], LiveVersion] = OrderedDict()
        self._lock = Lock()

    def pinned_version(self, slug: str, number: int) -> LiveVersion:
        """The version of this number, also where another one answers now.

        Raises registry.UnknownRecognizerError, registry.NoModelError, UnknownVersionError and UnavailableVersionError.
        """
        active = serving.live_version(slug)
        if active.version.number == number:
            return active
        with self._lock:
            found = self._held.get((slug, number))
            if found is None:
                found = self._held[slug, number] = _load(active, number)
            self._held.move_to_end((slug, number))
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        return found

    def clear_cache(self) -> None:
        """Hold nothing; what is asked for next is read anew."""
        with self._lock:
            self._held.clear()


def _load(active: LiveVersion, number: int) -> LiveVersion:
    """By its newest promotion: what never answered here was perhaps refused, and is nobody's choice."""
    found = Promotion.objects.filter(recognizer=active.recognizer, model_version__number=number)
    promotion = found.order_by("-id").values_list("id", flat=True).first()
    if promotion is None:
        if ModelVersion.objects.filter(recognizer=active.recognizer, number=number).exists():
            raise UnavailableVersionError("it never answered here")
        raise UnknownVersionError(number)
    try:
        return serving.load_version(promotion)
    except BundleError as error:
        raise UnavailableVersionError(f"it does not load: {error}") from error


_pinned = _Pinned()
pinned_version = _pinned.pinned_version
clear_cache = _pinned.clear_cache
