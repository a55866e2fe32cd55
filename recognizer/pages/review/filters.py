"""The filters of the review queue, as a query string or a form gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from recognizer.models import ModelVersion, Recognizer
from recognizer.pages.label_choice import LabelChoice, find_label_or_none, label_choices
from recognizer.pages.query import IdField, QueryForm
from recognizer.review.queue import QueueFilter

OLDEST = "oldest"


class ReviewFilterForm(QueryForm):
    """The fields of the query string. `said` is the slug of the author's label."""

    recognizer = forms.CharField(required=False)
    said = forms.CharField(required=False)
    version = IdField()
    author = IdField()
    order = forms.ChoiceField(required=False, choices=[(OLDEST, OLDEST)])


@dataclass(frozen=True)
class ReviewFilter:
    """What a reviewer chose, and what there is to choose from."""

    queue: QueueFilter
    recognizers: list[Recognizer]
    versions: list[ModelVersion]  # of the chosen recognizer, the newest first
    choice: LabelChoice | None  # of its labels

    @classmethod
    def read(cls, query: Mapping[str, Any], *, staff: bool) -> ReviewFilter:
        """Needs at most five queries. Only staff may filter by author."""
        given = ReviewFilterForm(query).values
        recognizers = list(Recognizer.objects.all())
        recognizer = next((each for each in recognizers if each.slug == given["recognizer"]), None)
        versions = list(recognizer.versions.light()) if recognizer else []
        queue = QueueFilter(
            recognizer=recognizer,
            label=find_label_or_none(recognizer, given["said"]),
            version=next((each for each in versions if each.number == given["version"]), None),
            author=given["author"] if staff else None,
            oldest=given["order"] == OLDEST,
        )
        choice = label_choices([recognizer])[recognizer.pk] if recognizer else None
        return cls(queue, recognizers, versions, choice)

    @property
    def values(self) -> dict[str, str]:
        """What is chosen, by the name of the field."""
        queue = self.queue
        found = {
            "recognizer": queue.recognizer.slug if queue.recognizer else "",
            "said": queue.label.slug if queue.label else "",
            "version": str(queue.version.number) if queue.version else "",
            "author": str(queue.author) if queue.author is not None else "",
            "order": OLDEST if queue.oldest else "",
        }
        return {name: value for name, value in found.items() if value}

    @property
    def query(self) -> str:
        """The same as a query string."""
        query = QueryDict(mutable=True)
        query.update(self.values)
        return query.urlencode()

    @property
    def summary(self) -> str:
        """What is chosen besides the recognizer, in words."""
        queue = self.queue
        words = [queue.label.word] if queue.label else []
        words += [str(queue.version)] if queue.version else []
        words += [_("author %(number)d") % {"number": queue.author}] if queue.author is not None else []
        words += [_("oldest first")] if queue.oldest else []
        return ", ".join(words)
