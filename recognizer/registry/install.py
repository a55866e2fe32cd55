"""How a bundle from outside becomes a version of a recognizer, which is made by it where there is none yet."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from ml.bundles.bundle import Bundle
from recognizer.models import Label, ModelVersion, Promotion, Recognizer
from recognizer.models.recognizer import Tone
from recognizer.registry import promotions

SHIPPED = "The starter model that ships with Inkling."
BY_HAND = "Installed by hand."
TOLD = ("card", "metrics", "title", "prompt")  # of a bundle; measuring it again renews all of them


class InstallError(ValueError):
    """A bundle that cannot become a version of this recognizer; the text names the cure."""


class Promote(Enum):
    """When the version is to answer at once; the first one always does."""

    IF_FIRST = "only if it is the first"
    IF_SHIPPED = "if what answers now came with Inkling too, and nobody taught or chose it since"
    ALWAYS = "in any case"


@dataclass(frozen=True)
class Installed:
    """What became of a bundle."""

    version: ModelVersion
    is_new: bool
    """Whether it was not there before."""
    answers: bool
    """Whether this version is the one that answers now."""
    promoted: bool
    """Whether it answers because of this."""


@transaction.atomic
def install(
    *, bundle: Bundle, promote: Promote = Promote.IF_FIRST, reason: str = BY_HAND, position: int | None = None
) -> Installed:
    """Keep a bundle as a version of its recognizer, with what is missing of recognizer and labels.

    A bundle that is there already is not kept twice. A new recognizer stands behind the others unless a
    position is given. Raises BundleError or InstallError; nothing is changed then.
    """
    recognizer = _recognizer(bundle.manifest, position)
    known = _same(recognizer, bundle)
    last = promotions.current_promotion(recognizer.pk)
    is_to_answer = _is_to_answer(last, promote, is_new=known is None)
    version = known or _register(recognizer, bundle, is_to_answer=is_to_answer)
    answers = last is not None and last.model_version_id == version.pk
    promoted = is_to_answer and not answers
    if promoted:
        promotions.promote(version=version, replaces=last, reason=reason)
    return Installed(version, is_new=known is None, answers=answers or promoted, promoted=promoted)


def _recognizer(manifest: dict, position: int | None) -> Recognizer:
    """The recognizer of this bundle, made where it is not there yet; others who install for it wait until we end."""
    slug = manifest["recognizer"]
    if not Recognizer.objects.filter(slug=slug).exists():
        _make(manifest, position)
    return Recognizer.objects.select_for_update(no_key=True).get(slug=slug)  # drawings may arrive meanwhile


def _make(manifest: dict, position: int | None) -> None:
    """By what the bundle says of itself; nothing where somebody else makes it at the same moment."""
    slug = manifest["recognizer"]
    last = Recognizer.objects.order_by("-position").values_list("position", flat=True).first()
    made = Recognizer(
        slug=slug,
        name=manifest.get("title") or slug.replace("-", " ").capitalize(),
        prompt=manifest.get("prompt", ""),
        position=position if position is not None else 0 if last is None else last + 1,
    )
    _check(made, f"the recognizer {slug!r}")
    with suppress(IntegrityError), transaction.atomic():
        made.save()


def _register(recognizer: Recognizer, bundle: Bundle, *, is_to_answer: bool) -> ModelVersion:
    _add_labels(recognizer, bundle.manifest["labels"], is_to_answer=is_to_answer)
    return promotions.register(recognizer=recognizer, bundle=bundle)


def _add_labels(recognizer: Recognizer, labels: list[dict[str, str]], *, is_to_answer: bool) -> None:
    """Those that are not there yet, behind the others: what a label is called stays in people's hands."""
    known = {label.slug: label.position for label in recognizer.labels.all()}
    slugs = {label["slug"] for label in labels}
    if dropped := [slug for slug in known if slug not in slugs]:
        raise InstallError(
            f"{recognizer} has labels that the bundle cannot answer: {', '.join(dropped)}. A recognizer keeps its "
            "labels, for people's drawings have them: train it with all of them, or under another slug."
        )
    lacking = [label for label in labels if label["slug"] not in known]
    if lacking and not is_to_answer:
        raise InstallError(
            f"{recognizer} does not have these labels yet: {', '.join(label['slug'] for label in lacking)}. People "
            "would be asked for what the version that answers does not know. Let this one answer in its place "
            "(`manage.py install_recognizer DIR --promote`), or train it with the labels that are there."
        )
    for position, label in enumerate(lacking, max(known.values(), default=-1) + 1):
        made = Label(recognizer=recognizer, position=position, tone=Tone.at(position), **_words(label))
        _check(made, f"the label {label['slug']!r}")
        made.save()


def _words(label: dict[str, str]) -> dict[str, str]:
    return {"slug": label["slug"], "glyph": label["glyph"], "name": label["name"], "prompt": label.get("prompt", "")}


def _check(made: Recognizer | Label, what: str) -> None:
    try:
        made.full_clean()
    except ValidationError as error:
        said = "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        raise InstallError(f"The bundle's words for {what} do not fit the site. {said}") from error


def _same(recognizer: Recognizer, bundle: Bundle) -> ModelVersion | None:
    """The version that this bundle became before; a card that was written anew makes no other model of it."""
    twins = recognizer.versions.filter(sha256=bundle.manifest["sha256"]["tflite"]).defer("tflite", "keras", "rehearsal")
    return next((version for version in twins if _model(version.manifest) == _model(bundle.manifest)), None)


def _model(manifest: dict) -> dict:
    """What a manifest says of the model itself, without what is told of it."""
    return {key: value for key, value in manifest.items() if key not in TOLD}


def _is_to_answer(last: Promotion | None, promote: Promote, *, is_new: bool) -> bool:
    if last is None or promote is Promote.ALWAYS:
        return True
    # One that is known already was left for another by somebody.
    return promote is Promote.IF_SHIPPED and is_new and last.reason == SHIPPED
