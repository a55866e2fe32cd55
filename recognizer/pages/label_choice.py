"""Choosing one of many labels on a page: buttons or options for a few, a search for more.

A page with a button for each of a thousand labels is slow to make, to send and to use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ml.data.find_labels import find_labels, label_names
from recognizer.models import Label, Recognizer, UnknownLabelError
from recognizer.pages.label_files import label_files

MOST_SHOWN = 60  # labels of a recognizer that pages show at once


@dataclass(frozen=True)
class LabelChoice:
    """What a page needs to let people choose a label of a recognizer."""

    address: str  # of all labels, for the script that searches in them
    count: int
    few: list[Label] = field(default_factory=list)  # all of them, or none if they are too many

    @property
    def many(self) -> bool:
        """Whether they are too many to be shown."""
        return self.count > MOST_SHOWN


def label_counts(recognizers: Iterable[Recognizer]) -> dict[int, LabelChoice]:
    """By primary key of a recognizer, without its labels. One query."""
    found = list(recognizers)
    files = label_files(found)
    return {each.pk: LabelChoice(files[each.slug].address, files[each.slug].count) for each in found}


def label_choices(recognizers: Iterable[Recognizer]) -> dict[int, LabelChoice]:
    """By primary key of a recognizer. Two queries, of which none reads many labels."""
    found = list(recognizers)
    counts = label_counts(found)
    shown = [pk for pk, choice in counts.items() if not choice.many]
    few: dict[int, list[Label]] = defaultdict(list)
    by_pk = {each.pk: each for each in found}
    for label in Label.objects.filter(recognizer__in=shown).defer("names", "codes"):
        label.recognizer = by_pk[label.recognizer_id]
        few[label.recognizer_id].append(label)
    return {pk: replace(choice, few=few[pk]) for pk, choice in counts.items()}


def find_label(recognizer: Recognizer, words: str) -> Label:
    """The label that a person has typed: its slug, name, glyph, a further name or a code. Raises UnknownLabelError."""
    if label := recognizer.labels.filter(slug=words).first():
        return label
    labels = list(recognizer.labels.values("slug", "name", "glyph", "names", "codes"))
    found = find_labels(words, label_names(labels))
    if len(found) != 1:
        raise UnknownLabelError(words)
    return recognizer.labels.get(slug=labels[found[0]]["slug"])


def find_label_or_none(recognizer: Recognizer | None, words: str | None) -> Label | None:
    """The same for a filter, where words that mean no label count as not given."""
    if recognizer is None or not words:
        return None
    try:
        return find_label(recognizer, words)
    except UnknownLabelError:
        return None
