"""What pages show of model versions, from their manifests. Read once in a process, because a version never changes.

A manifest is up to megabytes, and the database would parse it for each page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.urls import reverse

from ml.bundles.glyphs import drawn_slugs
from recognizer.models import ModelVersion

SHA_IN_ADDRESS = 16  # digits


@dataclass(frozen=True)
class Glyphs:
    """The shapes of a recognizer's labels (`ml.bundles.glyphs`): where they are, and which labels have one."""

    address: str  # its content never changes
    slugs: frozenset[str]


@dataclass(frozen=True)
class VersionFacts:
    """Some facts of one version."""

    raster: dict[str, Any] | None  # None in old bundles
    unsure_below: float
    glyphs: Glyphs | None
    labels: tuple[str, ...]  # their slugs, in the order of the network's outputs


_known: dict[int, VersionFacts] = {}


def facts_of(versions: Iterable[int]) -> dict[int, VersionFacts]:
    """The facts of these versions, by primary key. One query for those that this process does not know yet."""
    wanted = set(versions)
    if missing := wanted - _known.keys():
        rows = ModelVersion.objects.filter(pk__in=missing).annotate(
            slug=F("recognizer__slug"),
            raster=F("manifest__raster"),
            unsure_below=F("manifest__unsure_below"),
            sums=F("manifest__sha256"),
            labels=F("manifest__labels"),
        )
        for row in rows.values("pk", "slug", "raster", "unsure_below", "sums", "labels", "glyphs"):
            content, sha256 = bytes(row["glyphs"]), row["sums"].get("glyphs")
            address = reverse("glyphs", args=[row["slug"], sha256[:SHA_IN_ADDRESS]]) if content and sha256 else ""
            glyphs = Glyphs(address, frozenset(drawn_slugs(content))) if address else None
            slugs = tuple(label["slug"] for label in row["labels"])
            _known[row["pk"]] = VersionFacts(row["raster"], float(row["unsure_below"]), glyphs, slugs)
    return {pk: _known[pk] for pk in wanted}


def clear_cache() -> None:
    """Forget everything: a primary key that a test rolled back is used again."""
    _known.clear()
