"""What pages and programs need to fetch the labels of a recognizer once: their revision, and where their shapes are."""

from __future__ import annotations

import time
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

from django.db.models import Count, Max, OuterRef, Subquery

from recognizer.models import Label, ModelVersion, Promotion, Recognizer
from recognizer.registry import serving
from recognizer.registry.version_facts import Glyphs, facts_of


class LabelSummary(NamedTuple):
    """How many labels a recognizer has, and a text that changes with them."""

    labels: int
    revision: str


NO_LABELS = LabelSummary(0, "")


def summaries(recognizers: Iterable[int]) -> dict[int, LabelSummary]:
    """By primary key of a recognizer. One query, which reads no label whole."""
    found = Label.objects.filter(recognizer__in=recognizers).order_by().values_list("recognizer")
    rows = found.annotate(count=Count("pk"), newest=Max("changed"))
    return {pk: LabelSummary(count, f"{count}-{round(at.timestamp() * 1e6):x}") for pk, count, at in rows}


class _Registry:
    """The shapes of the live versions, as this process found them lately."""

    def __init__(self) -> None:
        self._live: dict[int, Glyphs] = {}  # by primary key of the recognizer
        self._looked = -float("inf")
        self._lock = Lock()

    def live_glyphs(self) -> dict[int, Glyphs]:
        """By primary key of a recognizer: the shapes of its live version, if that has any."""
        with self._lock:
            if time.monotonic() - self._looked >= serving.LOOK_EVERY:
                self._live = _look()
                self._looked = time.monotonic()
        return self._live

    def clear_cache(self) -> None:
        """Forget everything; the next call looks again."""
        with self._lock:
            self._live, self._looked = {}, -float("inf")


def _look() -> dict[int, Glyphs]:
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version")[:1]
    rows = Recognizer.objects.annotate(live=Subquery(newest)).exclude(live=None).values_list("pk", "live")
    live = dict(rows)
    facts = facts_of(live.values())
    return {pk: glyphs for pk, version in live.items() if (glyphs := facts[version].glyphs)}


def find_glyphs(slug: str, sha256: str) -> bytes | None:
    """The file `glyphs.svg` of the newest version of a recognizer that has the one with these first digits."""
    versions = ModelVersion.objects.filter(recognizer__slug=slug, manifest__sha256__glyphs__startswith=sha256)
    content = versions.order_by("-pk").values_list("glyphs", flat=True).first()
    return bytes(content) if content else None


_registry = _Registry()
live_glyphs = _registry.live_glyphs
clear_cache = _registry.clear_cache
