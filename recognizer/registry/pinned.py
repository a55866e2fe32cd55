"""Model versions that programs choose by number, kept loaded beside the live one."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ml.bundles.bundle import BundleError
from recognizer.models import ModelVersion, Promotion, Recognizer
from recognizer.models.model_version import heavy_fields
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
        self._loading = Lock()  # one version at a time; those that are loaded answer meanwhile

    def pinned_version(self, slug: str, number: int | None) -> LiveVersion:
        """The version with this number, also if another one is live; without a number the live version.

        Raises serving.UnknownRecognizerError, serving.NoModelError, UnknownVersionError and UnavailableVersionError.
        """
        live = serving.live_version(slug)
        if number is None or live.version.number == number:
            return live
        if found := self._held(slug, number):
            return found
        with self._loading:
            if found := self._held(slug, number):  # another request has loaded it
                return found
            loaded = _load(live, number)
            with self._lock:
                self._versions[slug, number] = loaded
                while len(self._versions) > HELD:
                    self._versions.popitem(last=False)
        return loaded

    def _held(self, slug: str, number: int) -> LiveVersion | None:
        with self._lock:
            found = self._versions.get((slug, number))
            if found:
                self._versions.move_to_end((slug, number))
        return found

    def clear_cache(self) -> None:
        """Unload all versions."""
        with self._lock:
            self._versions.clear()


def find_version(slug: str, number: int | None) -> ModelVersion:
    """The same version without its weights and manifest; another one than the live one is not loaded.

    It may be one that cannot be loaded here. Raises what `pinned_version` raises, except for that.
    """
    live = serving.live_version(slug)
    if number is None or live.version.number == number:
        return live.version
    return _promotion_of(live.recognizer, number).model_version


def _load(live: LiveVersion, number: int) -> LiveVersion:
    try:
        return serving.load_version(_promotion_of(live.recognizer, number).pk)
    except BundleError as error:
        raise UnavailableVersionError(f"it cannot be loaded: {error}") from error


def _promotion_of(recognizer: Recognizer, number: int) -> Promotion:
    """The last promotion of a version that was live once: the gate may have refused the others."""
    found = Promotion.objects.filter(recognizer=recognizer, model_version__number=number)
    light = found.select_related("model_version__recognizer").defer(*heavy_fields("model_version"))
    promotion = light.order_by("-id").first()
    if promotion is None:
        if ModelVersion.objects.filter(recognizer=recognizer, number=number).exists():
            raise UnavailableVersionError("it was never live here")
        raise UnknownVersionError(number)
    return promotion


_pinned = _Pinned()
pinned_version = _pinned.pinned_version
clear_cache = _pinned.clear_cache
