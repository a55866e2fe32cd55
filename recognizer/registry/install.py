"""Install a bundle from outside as a model version, and create its recognizer and labels if they are missing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_noop

from ml.bundles.bundle import Bundle
from recognizer.models import Label, ModelVersion, Recognizer, Tone
from recognizer.models.model_version import WEIGHTS
from recognizer.registry import promotions

SHIPPED = gettext_noop("The starter model that ships with Inkling.")
BY_HAND = gettext_noop("Installed by hand.")
RESERVED = "any"
DESCRIPTION = ("card", "history", "metrics", "title", "prompt")  # of a bundle: what is not the model itself


class InstallError(ValueError):
    """A bundle that cannot become a version of this recognizer. The text says what to do."""


class PromoteWhen(Enum):
    """When to promote the installed version. The first version of a recognizer is always promoted."""

    IF_FIRST = "only if it is the first"
    IF_SHIPPED = "if the live version is the one that was shipped with Inkling"
    ALWAYS = "in any case"


@dataclass(frozen=True)
class Installed:
    """The result of installing a bundle."""

    version: ModelVersion
    is_new: bool
    is_live: bool
    promoted: bool  # by this installation


@transaction.atomic
def install(
    *, bundle: Bundle, promote: PromoteWhen = PromoteWhen.IF_FIRST, reason: str = BY_HAND, position: int | None = None
) -> Installed:
    """Save a bundle as a version of its recognizer; create the recognizer and labels that are missing.

    A bundle that is installed already is not saved again. A new recognizer comes after the others unless a position
    is given. Raises BundleError or InstallError; then nothing is changed.
    """
    recognizer = _recognizer(bundle.manifest, position)
    # A changed model card does not make it another model.
    twins = recognizer.versions.filter(sha256=bundle.manifest["sha256"]["tflite"]).defer(*WEIGHTS)
    known = next((version for version in twins if _model(version.manifest) == _model(bundle.manifest)), None)
    last = promotions.current_promotion(recognizer.pk)
    # IF_SHIPPED: if it was installed before, somebody has chosen another version since.
    is_update = promote is PromoteWhen.IF_SHIPPED and known is None
    will_be_live = last is None or promote is PromoteWhen.ALWAYS or (is_update and last.reason == SHIPPED)
    if known is None:
        _add_labels(recognizer, bundle.manifest["labels"], will_be_live=will_be_live)
    version = known or promotions.register(recognizer=recognizer, bundle=bundle)
    is_live = last is not None and last.model_version_id == version.pk
    promoted = will_be_live and not is_live
    if promoted:
        promotions.promote(version=version, replaces=last, reason=reason)
    return Installed(version, is_new=known is None, is_live=is_live or promoted, promoted=promoted)


def _recognizer(manifest: dict, position: int | None) -> Recognizer:
    """The bundle's recognizer, created if it is missing, and locked: other installations for it wait."""
    slug = manifest["recognizer"]
    if slug == RESERVED:
        raise InstallError(f"{slug!r} means all recognizers. Choose another slug for this one.")
    if not Recognizer.objects.filter(slug=slug).exists():
        last = Recognizer.objects.aggregate(last=Max("position"))["last"]
        made = Recognizer(
            slug=slug,
            name=manifest.get("title") or slug.replace("-", " ").capitalize(),
            prompt=manifest.get("prompt", ""),
            position=position if position is not None else 0 if last is None else last + 1,
        )
        _check(made, f"the recognizer {slug!r}")
        with suppress(IntegrityError), transaction.atomic():  # another process may create it at the same moment
            made.save()
    return Recognizer.objects.select_for_update(no_key=True).get(slug=slug)  # drawings may arrive meanwhile


def _add_labels(recognizer: Recognizer, labels: list[dict[str, Any]], *, will_be_live: bool) -> None:
    """Add missing labels after the others. Existing ones keep what they have, which people may have edited."""
    existing = {label.slug: label for label in recognizer.labels.all()}
    known = {slug: label.position for slug, label in existing.items()}
    slugs = {label["slug"] for label in labels}
    if dropped := [slug for slug in known if slug not in slugs]:
        raise InstallError(
            f"{recognizer} has labels that the bundle lacks: {', '.join(dropped)}. Labels of a recognizer cannot "
            "be removed, because drawings use them. Train the bundle with all of them, or under another slug."
        )
    missing = [label for label in labels if label["slug"] not in known]
    if missing and not will_be_live:
        raise InstallError(
            f"{recognizer} does not have these labels yet: {', '.join(label['slug'] for label in missing)}. People "
            "would be asked to draw what the live version does not know. Promote this version at once "
            "(`manage.py install_recognizer DIR --promote`), or train it with the existing labels."
        )
    for position, label in enumerate(missing, max(known.values(), default=-1) + 1):
        words = {"slug": label["slug"], "glyph": label["glyph"], "name": label["name"]}
        words |= {"prompt": label.get("prompt", ""), "codes": label.get("codes", {})}
        words |= {part: label.get(part, []) for part in ("names", "looks_like")}
        made = Label(recognizer=recognizer, position=position, tone=Tone.at(position), **words)
        _check(made, f"the label {label['slug']!r}")
        made.save()
    for label in labels:
        if label["slug"] in existing:
            _add_codes(existing[label["slug"]], label)


def _add_codes(known: Label, label: dict[str, Any]) -> None:
    """Give a label names, look-alikes and codes of the bundle, each if it has none: it is older than they are."""
    parts = ("names", "looks_like", "codes")
    found = {part: label[part] for part in parts if label.get(part) and not getattr(known, part)}
    if found:
        for part, value in found.items():
            setattr(known, part, value)
        _check(known, f"the label {known.slug!r}")
        known.save()


def _check(made: Recognizer | Label, what: str) -> None:
    try:
        made.full_clean()
    except ValidationError as error:
        said = "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        raise InstallError(f"The site cannot save the bundle's texts for {what}. {said}") from error


def _model(manifest: dict) -> dict:
    """The manifest without the parts that only describe the model."""
    return {key: value for key, value in manifest.items() if key not in DESCRIPTION}
