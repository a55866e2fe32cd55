"""What pages and programs need to fetch the labels of a recognizer once: their revision, and where their shapes are."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.urls import reverse

from ml.bundles.glyphs import drawn_slugs
from recognizer.models import Label, ModelVersion, Promotion, Recognizer
from recognizer.registry import serving

SHA_IN_ADDRESS = 16  # digits


def revisions(recognizers: Iterable[int]) -> dict[int, str]:
    """By primary key of a recognizer: a text that changes with its labels. One query."""
    found = Label.objects.filter(recognizer__in=recognizers).order_by().values_list("recognizer")
    rows = found.annotate(count=Count("pk"), newest=Max("changed"))
    return {pk: f"{count}-{round(newest.timestamp() * 1e6):x}" for pk, count, newest in rows}


@dataclass(frozen=True)
class Glyphs:
    """The shapes of a recognizer's labels (`ml.bundles.glyphs`): where they are, and which labels have one."""

    address: str  # its content never changes
    slugs: frozenset[str]


class _Registry:
    """The shapes of the live versions, as this process found them lately."""

    def __init__(self) -> None:
        self._of_version: dict[int, Glyphs | None] = {}  # a version never changes
        self._live: dict[int, Glyphs] = {}  # by primary key of the recognizer
        self._looked = -float("inf")
        self._lock = Lock()

    def live_glyphs(self) -> dict[int, Glyphs]:
        """By primary key of a recognizer: the shapes of its live version, if that has any."""
        with self._lock:
            if time.monotonic() - self._looked >= serving.LOOK_EVERY:
                self._live = self._look()
                self._looked = time.monotonic()
        return self._live

    def _look(self) -> dict[int, Glyphs]:
        newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version")[:1]
        rows = Recognizer.objects.annotate(live=Subquery(newest)).values_list("pk", "slug", "live")
        found = {}
        for pk, slug, version in rows:
            if version is not None and version not in self._of_version:
                self._of_version[version] = _read(slug, version)
            if glyphs := self._of_version.get(version):
                found[pk] = glyphs
        return found

    def clear_cache(self) -> None:
        """Forget everything; the next call looks again."""
        with self._lock:
            self._of_version.clear()
            self._live, self._looked = {}, -float("inf")


def _read(slug: str, version: int) -> Glyphs | None:
    row = ModelVersion.objects.filter(pk=version).values_list("glyphs", "manifest__sha256__glyphs").get()
    content, sha256 = bytes(row[0]), row[1]
    if not content or not sha256:
        return None
    return Glyphs(reverse("glyphs", args=[slug, sha256[:SHA_IN_ADDRESS]]), frozenset(drawn_slugs(content)))


def find_glyphs(slug: str, sha256: str) -> bytes | None:
    """The file `glyphs.svg` of the newest version of a recognizer that has the one with these first digits."""
    versions: QuerySet[ModelVersion] = ModelVersion.objects.filter(
        recognizer__slug=slug, manifest__sha256__glyphs__startswith=sha256
    )
    content = versions.order_by("-pk").values_list("glyphs", flat=True).first()
    return bytes(content) if content else None


_registry = _Registry()
live_glyphs = _registry.live_glyphs
clear_cache = _registry.clear_cache
