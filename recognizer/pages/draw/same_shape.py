"""Labels of different recognizers that are drawn in the same way: the letter O, the digit 0, a circle.

Bundles name them (`ml.bundles.labels`), each pair on one side or on both. The page says it in both directions, and of
what one label names: if an O looks like a 0 and like a circle, a circle looks like a 0.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import permutations
from math import inf
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from recognizer.models import Label, Recognizer

LOOK_EVERY = 10.0  # seconds

SameShape = dict[str, dict[str, list[dict[str, str]]]]


_found: dict[tuple[str | None, tuple[int, ...]], tuple[float, SameShape]] = {}  # by language and recognizers


def find_same_shape(recognizers: Sequence[Recognizer]) -> SameShape:
    """By slug of a recognizer and of its label: what looks like it in the others of `recognizers`, for the scripts.

    Labels rarely change and every draw page asks, so a process looks again after `LOOK_EVERY` only.
    """
    key = (get_language(), tuple(each.pk for each in recognizers))
    looked, found = _found.get(key, (-inf, {}))
    if time.monotonic() - looked >= LOOK_EVERY:
        found = _look(recognizers)
        _found[key] = (time.monotonic(), found)
    return found


def clear_cache() -> None:
    """Forget everything; the next page looks again."""
    _found.clear()


def _look(recognizers: Sequence[Recognizer]) -> SameShape:
    """Two queries, however many labels there are."""
    by_pk = {each.pk: each for each in recognizers}
    shown = {each.slug for each in recognizers}
    naming = Label.objects.filter(recognizer__in=by_pk).exclude(looks_like=[]).order_by("recognizer", "position")
    alike = [
        [(own, label.slug), *(end for end in _ends(label.looks_like) if end[0] in shown and end[0] != own)]
        for label in naming
        for own in [by_pk[label.recognizer_id].slug]
    ]
    known = _labels({end for group in alike for end in group}, recognizers)
    found: SameShape = {}
    for one, other in (pair for group in alike for pair in permutations(group, 2)):
        if one in known and other in known and one[0] != other[0]:
            listed = found.setdefault(one[0], {}).setdefault(one[1], [])
            if (entry := _entry(other, known)) not in listed:
                listed.append(entry)
    return found


def _ends(looks_like: Sequence[str]) -> list[tuple[str, str]]:
    """The slugs of recognizer and label in each `recognizer/label`."""
    return [(other, name) for other, _slash, name in (text.partition("/") for text in looks_like)]


def _labels(named: set[tuple[str, str]], recognizers: Sequence[Recognizer]) -> dict[tuple[str, str], Label]:
    """Those of the named labels, by slugs of recognizer and label, that exist."""
    by_slug = {each.slug: each for each in recognizers}
    wanted = Q()
    for slug in {recognizer for recognizer, _label in named}:
        wanted |= Q(recognizer=by_slug[slug], slug__in=[label for recognizer, label in named if recognizer == slug])
    labels = Label.objects.filter(wanted).select_related("recognizer") if named else ()
    return {(label.recognizer.slug, label.slug): label for label in labels}


def _entry(end: tuple[str, str], known: dict[tuple[str, str], Any]) -> dict[str, str]:
    label = known[end]
    return {"recognizer": end[0], "label": end[1], "glyph": label.glyph, "name": label.word, "language": label.language}
