"""The labels of a bundle, in the order of the model's outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.bundles.bundle import BundleError
from recognizer.models import Label, Recognizer

if TYPE_CHECKING:
    pass


def labels_in_output_order(recognizer: Recognizer, manifest: dict) -> tuple[Label, ...]:
    """The order lives in the bundle, never in today's configuration."""
    known = {label.slug: label for label in recognizer.labels.all()}
    slugs = [label["slug"] for label in manifest["labels"]]
    if missing := [slug for slug in slugs if slug not in known]:
        raise BundleError(f"the bundle has labels that {recognizer.slug} does not have: {', '.join(missing)}")
    return tuple(known[slug] for slug in slugs)
