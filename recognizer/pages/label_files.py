"""The labels of a recognizer, and the file with their shapes, as pages fetch them: once, and never again.

Their addresses change with their content, so browsers and the service worker keep them without asking. A page has the
addresses only: a thousand labels in each page would be most of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from recognizer.models import Label, Recognizer
from recognizer.pages.offline.release import release
from recognizer.registry import label_lists
from recognizer.registry.label_lists import NO_LABELS, LabelSummary
from recognizer.registry.version_facts import Glyphs

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"  # of an address that is no longer, or not yet, the one of this process
_LANGUAGES = {code for code, _name in settings.LANGUAGES}


@dataclass(frozen=True)
class LabelFile:
    """Where the labels of a recognizer are in the language of the page, and how many there are."""

    address: str
    count: int


def label_files(
    recognizers: Iterable[Recognizer], shapes: Mapping[int, Glyphs | None] | None = None
) -> dict[str, LabelFile]:
    """By slug of a recognizer. One query. `shapes`: those of the live versions, if the caller knows them."""
    found = list(recognizers)
    summaries = label_lists.summaries([each.pk for each in found])
    glyphs = label_lists.live_glyphs() if shapes is None else shapes
    language = translation.get_language() or "en"
    current = release()
    files = {}
    for each in found:
        summary = summaries.get(each.pk, NO_LABELS)
        address = reverse("labels", args=[each.slug, language, _token(summary, glyphs.get(each.pk), current)])
        files[each.slug] = LabelFile(address, summary.labels)
    return files


def label_addresses(recognizers: Iterable[Recognizer]) -> dict[str, str]:
    """By slug of a recognizer: the address of its labels in the language of the page, for scripts. One query."""
    return {slug: file.address for slug, file in label_files(recognizers).items()}


def _token(summary: LabelSummary, glyphs: Glyphs | None, current: str) -> str:
    """A text that changes with the labels, with their shapes, and with the translations of their names."""
    parts = (summary.revision, glyphs.address if glyphs else "", current)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@require_safe
def labels(request: HttpRequest, slug: str, language: str, token: str) -> HttpResponse:
    """The labels of a recognizer in the order of their positions, with the words of one language.

    Parts that a label does not have are left out.
    """
    if language not in _LANGUAGES:
        raise Http404
    recognizer = get_object_or_404(Recognizer, slug=slug)
    glyphs = label_lists.live_glyphs().get(recognizer.pk)
    summary = label_lists.summaries([recognizer.pk]).get(recognizer.pk, NO_LABELS)  # first: the labels may be newer
    is_current = token == _token(summary, glyphs, release())
    with translation.override(language):
        content = [_label(label, recognizer, glyphs) for label in recognizer.labels.all()]
    response = JsonResponse({"labels": content, "glyphs": glyphs.address if glyphs else None})
    response["Cache-Control"] = FOREVER if is_current else ASK_AGAIN
    return response


def _label(label: Label, recognizer: Recognizer, glyphs: Glyphs | None) -> dict[str, Any]:
    label.recognizer = recognizer
    word = label.word
    parts: dict[str, Any] = {
        "slug": label.slug,
        "glyph": label.glyph,
        "name": word,
        "own": label.name if label.name != word else "",  # as the API calls it
        "asked": label.asked,
        "tone": label.tone,
        "language": label.language,
        "names": label.names,
        "codes": label.codes,
        "drawn": glyphs is not None and label.slug in glyphs.slugs,
    }
    return {name: value for name, value in parts.items() if value}


@require_safe
def glyphs(request: HttpRequest, slug: str, sha256: str) -> HttpResponse:
    """The file `glyphs.svg` of a model version, by the first digits of its checksum."""
    content = label_lists.find_glyphs(slug, sha256)
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="image/svg+xml", headers={"Cache-Control": FOREVER})
