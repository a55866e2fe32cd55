"""Filters of the page My drawings, and what it shows of each drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer import training
from recognizer.drawings import thumbnails
from recognizer.models import Drawing, DrawingQuerySet, Label, PersonalAnswer, Prediction, Recognizer, Review
from recognizer.pages.label_choice import LabelChoice, find_label_or_none, label_choices
from recognizer.pages.pagination import ListPage
from recognizer.pages.query import QueryForm
from recognizer.review import decisions

PAGE_SIZE = 24
STATES = {
    "agreed": (_("Confirmed"), DrawingQuerySet.agreed),
    "corrected": (_("Corrected"), DrawingQuerySet.overruled),
    "none": (_("None of these"), DrawingQuerySet.none_of_these),
    "unanswered": (_("No label"), DrawingQuerySet.uncorrected),
    "unsure": (_("Not sure"), DrawingQuerySet.unsure),
}
LABELLED_STATES = ("agreed", "corrected")  # in these the author gave the label


class DrawingsForm(QueryForm):
    """The query string of My drawings."""

    recognizer = forms.CharField(required=False)
    label = forms.CharField(required=False)
    state = forms.ChoiceField(required=False, choices=[(state, name) for state, (name, _apply) in STATES.items()])


@dataclass(frozen=True)
class FilterChoice:
    """One value of a filter and the query string that selects it."""

    name: Any
    query: str
    chosen: bool


@dataclass(frozen=True)
class DrawingFilters:
    """Which of their drawings a person wants to see."""

    recognizer: Recognizer | None
    label: Label | None
    state: str
    recognizers: list[Recognizer]
    choices: dict[int, LabelChoice]  # of the labels, by primary key of the recognizer

    @classmethod
    def read(cls, query: QueryDict) -> DrawingFilters:
        """Read the query string; a value that is not valid counts as not given. Four queries at most."""
        asked = DrawingsForm(query).values
        recognizers = list(Recognizer.objects.all())
        only = recognizers[0] if len(recognizers) == 1 else None
        recognizer = next((each for each in recognizers if each.slug == asked["recognizer"]), only)
        label = find_label_or_none(recognizer, asked["label"])
        return cls(recognizer, label, asked["state"] or "", recognizers, label_choices(recognizers))

    def apply(self, drawings: DrawingQuerySet) -> DrawingQuerySet:
        """Apply the filters to a queryset."""
        if self.recognizer:
            drawings = drawings.filter(recognizer=self.recognizer)
        if self.label:
            of_label = drawings.said_to_be if self.state in LABELLED_STATES else drawings.labelled
            drawings = of_label(self.label.slug)
        return STATES[self.state][1](drawings) if self.state else drawings

    def __bool__(self) -> bool:
        return any(self._values.values())

    @property
    def groups(self) -> list[tuple[Any, list[FilterChoice]]]:
        """The filters with their titles and choices. One recognizer alone is no choice."""
        recognizers = self.recognizers if len(self.recognizers) > 1 else []
        labels = self.choices[self.recognizer.pk].few if self.recognizer else []
        return [
            (_("Recognizer"), self._choices("recognizer", [(each.slug, each) for each in recognizers], label="")),
            (_("State"), self._choices("state", [(state, name) for state, (name, _apply) in STATES.items()])),
            (_("Label"), self._choices("label", [(each.slug, each) for each in labels])),
        ]

    @property
    def search(self) -> LabelChoice | None:
        """Where the labels are too many for links."""
        found = self.choices[self.recognizer.pk] if self.recognizer else None
        return found if found and found.many else None

    @property
    def others(self) -> list[tuple[str, str]]:
        """The filters besides the label that are set."""
        return [(name, value) for name, value in self._values.items() if value and name != "label"]

    def _choices(self, name: str, values: Sequence[tuple[str, Any]], **also: str) -> list[FilterChoice]:
        """Choices for one filter, with "All" first; empty if there are no values."""
        selected = self._values[name]
        choices = [("", _("All")), *values] if values else []
        return [FilterChoice(text, self.query(**{name: value}, **also), value == selected) for value, text in choices]

    @property
    def _values(self) -> dict[str, str]:
        return {
            "recognizer": self.recognizer.slug if self.recognizer and len(self.recognizers) > 1 else "",
            "label": self.label.slug if self.label else "",
            "state": self.state,
        }

    def query(self, **changed: str) -> str:
        """These filters, but for the changes, as a query string for the links between pages."""
        return urlencode({name: value for name, value in (self._values | changed).items() if value})


@dataclass(frozen=True)
class DrawingCard:
    """What the page shows of one drawing. Needs `with_answers()`."""

    drawing: Drawing
    prediction: Prediction | None  # the first one
    label: Label | None  # by the author
    choice: LabelChoice | None = None  # of the labels of its recognizer
    newer: Prediction | None = None  # of the newest version, if it differs from the first one
    review: Review | None = None  # of the author's label
    trained: list[int] = field(default_factory=list)  # numbers of the versions trained on it, oldest first

    @property
    def none_of_these(self) -> bool:
        """Whether the author says that no label is right."""
        correction = self.drawing.current_correction
        return bool(correction and correction.none_of_these)

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture. The template reads it several times."""
        return thumbnails.svg_path_of(self.drawing)

    @property
    def personal(self) -> PersonalAnswer | None:
        """The first answer with the personal memory, if it differs from the model's own answer."""
        model = self.prediction
        personal: PersonalAnswer | None = getattr(model, "personal", None)
        if model is None or personal is None:
            return None
        changed = (model.label_id, model.unsure) != (personal.label_id, personal.unsure)
        return personal if changed else None

    @property
    def agrees(self) -> bool:
        """Whether the author confirmed the first answer."""
        return bool(self.label and self.prediction and self.label.pk == self.prediction.given.label_id)


def filtered_drawings(author: User, filters: DrawingFilters) -> DrawingQuerySet:
    """This person's drawings that match the filters, newest first."""
    return filters.apply(Drawing.objects.by(author)).with_answers()


def count_drawings(author: User, filters: DrawingFilters, page: ListPage) -> int | None:
    """The number of drawings that match the filters; None if counting them would be slow.

    Without filters it is one query on an index.
    """
    if page.count is None and not filters:
        return Drawing.objects.filter(author=author).count()
    return page.count


def drawing_cards(drawings: list[Drawing], choices: dict[int, LabelChoice]) -> list[DrawingCard]:
    """A card for each drawing, at no query for each. `choices`: by primary key of the recognizer."""
    reviews, trained = decisions.decisions_on(drawings), training.versions_trained_on(drawings)
    return [
        replace(drawing_card(each, choices[each.recognizer_id]), review=reviews[each.pk], trained=trained[each.pk])
        for each in drawings
    ]


def drawing_card(drawing: Drawing, choice: LabelChoice | None = None) -> DrawingCard:
    """The card of one drawing, without review and training."""
    predictions = list(drawing.predictions.all())
    first = predictions[-1] if predictions else None
    label = drawing.current_correction.label if drawing.current_correction else None
    newest = max(predictions, key=lambda each: each.model_version.number, default=None)
    differs = newest and first and (newest.label_id, newest.unsure) != (first.label_id, first.unsure)
    return DrawingCard(drawing, first, label, choice, newer=newest if differs else None)
