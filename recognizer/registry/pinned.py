"""Model versions that programs choose by number, kept loaded beside the live one."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ml.bundles.bundle import BundleError
from recognizer.models import ModelVersion, Promotion
from recognizer.registry import serving
from recognizer.registry.serving import LiveVersion

HELD = 4  # versions that a process keeps loaded besides the live ones: a few megabytes each


class UnknownVersionError(LookupError):
    """The recognizer has no version with this number."""


class UnavailableVersionError(RuntimeError):
    """The version exists but cannot be used: it was never promoted, or it cannot be loaded."""


class _Pinned:
    """Loaded versions by recognizer and number, the last used last."""

    def __init__(self) -> None:
        self._versions: OrderedDict[tuple[str, int], LiveVersion] = OrderedDict()
        self._lock = Lock()

    def pinned_version(self, slug: str, number: int | None) -> LiveVersion:
        """The version with this number, also if another one is live; without a number the live version.

        Raises serving.UnknownRecognizerError, serving.NoModelError, UnknownVersionError and UnavailableVersionError.
        """
        live = serving.live_version(slug)
        if number is None or live.version.number == number:
            return live
        with self._lock:
            found = self._versions.get((slug, number))
            if found is None:
                found = self._versions[slug, number] = _load(live, number)
            self._versions.move_to_end((slug, number))
            while len(self._versions) > HELD:
                self._versions.popitem(last=False)
        return found

    def clear_cache(self) -> None:
        """Unload all versions."""
        with self._lock:
            self._versions.clear()


def _load(live: LiveVersion, number: int) -> LiveVersion:
    """Only a version that was live once: the gate may have refused the others."""
    found = Promotion.objects.filter(recognizer=live.recognizer, model_version__number=number)
    promotion = found.order_by("-id").values_list("id", flat=True).first()
    if promotion is None:
        if ModelVersion.objects.filter(recognizer=live.recognizer, number=number).exists():
            raise UnavailableVersionError("it was never live here")
        raise UnknownVersionError(number)
    try:
        return serving.load_version(promotion)
    except BundleError as error:
        raise UnavailableVersionError(f"it cannot be loaded: {error}") from error


_pinned = _Pinned()
pinned_version = _pinned.pinned_version
clear_cache = _pinned.clear_cache
