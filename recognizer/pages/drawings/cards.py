"""My drawings: which ones, and what a card says about each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from recognizer import training
from recognizer.drawings import thumbnails
from recognizer.models import Drawing, DrawingQuerySet, Label, PersonalAnswer, Prediction, Recognizer, Review
from recognizer.pages.pagination import Page
from recognizer.review import decisions

if TYPE_CHECKING:
    from accounts.models import User

PAGE_SIZE = 24
STATES = {
    "agreed": (_("Agreed"), DrawingQuerySet.agreed),
    "corrected": (_("Corrected"), DrawingQuerySet.overruled),
    "unanswered": (_("Unanswered"), DrawingQuerySet.uncorrected),
    "unsure": (_("Not sure"), DrawingQuerySet.unsure),
}
SAID = ("agreed", "corrected")


@dataclass(frozen=True)
class Choice:
    """One value of a filter and the address that chooses it."""

    name: Any
    query: str
    chosen: bool


@dataclass(frozen=True)
class Filters:
    """What the address asks for; what it should not ask for counts as nothing asked."""

    recognizer: Recognizer | None
    label: Label | None
    state: str
    recognizers: list[Recognizer]

    @classmethod
    def read(cls, query: QueryDict) -> Filters:
        """From the address, in two queries."""
        recognizers = list(Recognizer.objects.prefetch_related("labels"))
        by_slug = {each.slug: each for each in recognizers}
        only = recognizers[0] if len(recognizers) == 1 else None
        recognizer = by_slug.get(query.get("recognizer", ""), only)
        labels = {label.slug: label for label in recognizer.labels.all()} if recognizer else {}
        state = query.get("state", "")
        return cls(recognizer, labels.get(query.get("label", "")), state if state in STATES else "", recognizers)

    def apply(self, drawings: DrawingQuerySet) -> DrawingQuerySet:
        """Narrow the drawings down."""
        if self.recognizer:
            drawings = drawings.filter(recognizer=self.recognizer)
        if self.label:  # what is agreed or corrected was said
            of_label = drawings.said_to_be if self.state in SAID else drawings.labelled
            drawings = of_label(self.label.slug)
        return STATES[self.state][1](drawings) if self.state else drawings

    def __bool__(self) -> bool:
        return bool(self.label or self.state or (self.recognizer and len(self.recognizers) > 1))

    @property
    def query(self) -> str:
        """These filters as a query string, for the links between pages."""
        return self._query()

    @property
    def groups(self) -> list[tuple[Any, list[Choice]]]:
        """What a person can choose among, with a title each."""
        return [
            (_("Recognizer"), self.recognizer_choices),
            (_("State"), self.state_choices),
            (_("Symbol"), self.label_choices),
        ]

    @property
    def recognizer_choices(self) -> list[Choice]:
        """All recognizers and each; nothing where there is only one."""
        if len(self.recognizers) < 2:
            return []
        everything = Choice(_("All"), self._query(recognizer="", label=""), self.recognizer is None)
        each = [Choice(r, self._query(recognizer=r.slug, label=""), r == self.recognizer) for r in self.recognizers]
        return [everything, *each]

    @property
    def state_choices(self) -> list[Choice]:
        """All drawings and those in each state."""
        everything = Choice(_("All"), self._query(state=""), not self.state)
        return [everything] + [
            Choice(name, self._query(state=state), state == self.state) for state, (name, _apply) in STATES.items()
        ]

    @property
    def label_choices(self) -> list[Choice]:
        """Any symbol and each of the recognizer's."""
        if not self.recognizer:
            return []
        everything = Choice(_("All"), self._query(label=""), self.label is None)
        return [everything] + [
            Choice(label, self._query(label=label.slug), label == self.label) for label in self.recognizer.labels.all()
        ]

    def _query(self, **changed: str) -> str:
        asked = {
            "recognizer": self.recognizer.slug if self.recognizer and len(self.recognizers) > 1 else "",
            "label": self.label.slug if self.label else "",
            "state": self.state,
        }
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in {**asked, **changed}.items() if value})
        return query.urlencode()


@dataclass(frozen=True)
class Card:
    """What a page shows of one drawing. Needs `with_answers()`."""

    drawing: Drawing
    prediction: Prediction | None  # the first answer
    said: Label | None  # what the author says
    labels: list[Label]
    now: Prediction | None = None  # what the newest version says, where that is something else than the first answer
    review: Review | None = None  # what was decided on what the author says
    taught: list[int] = field(default_factory=list)  # the versions that learned from it, the oldest first

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture. Its template asks several times."""
        return thumbnails.svg_path_of(self.drawing)

    @property
    def personal(self) -> PersonalAnswer | None:
        """What the author was answered first, where their memory made another answer of what the model alone said."""
        model = self.prediction
        personal: PersonalAnswer | None = getattr(model, "personal", None)
        if model is None or personal is None:
            return None
        changed = (model.label_id, model.unsure) != (personal.label_id, personal.unsure)
        return personal if changed else None

    @property
    def agrees(self) -> bool:
        """The author says what they were answered first."""
        return bool(self.said and self.prediction and self.said.pk == self.prediction.given.label_id)


def mine(author: User, filters: Filters) -> DrawingQuerySet:
    """This person's drawings that the filters let through, newest first."""
    return filters.apply(Drawing.objects.by(author)).with_answers()


def count(author: User, filters: Filters, page: Page) -> int | None:
    """How many drawings the filters let through; None where that would be a question about each of too many.

    Without filters an index tells, in one query.
    """
    if page.count is None and not filters:
        return Drawing.objects.filter(author=author).count()
    return page.count


def cards(drawings: list[Drawing], recognizers: list[Recognizer]) -> list[Card]:
    """A card for each drawing; the labels come with the recognizers, so no card costs a query."""
    labels = {recognizer.pk: list(recognizer.labels.all()) for recognizer in recognizers}
    decided, taught = decisions.decisions_on(drawings), training.versions_trained_on(drawings)
    return [
        replace(card(drawing, labels[drawing.recognizer_id]), review=decided[drawing.pk], taught=taught[drawing.pk])
        for drawing in drawings
    ]


def card(drawing: Drawing, labels: list[Label]) -> Card:
    """The card of one drawing, without what became of it."""
    predictions = list(drawing.predictions.all())
    first = predictions[-1] if predictions else None
    said = drawing.current_correction.label if drawing.current_correction else None
    return Card(drawing, first, said, labels, now=_changed_mind(predictions))


def _changed_mind(predictions: list[Prediction]) -> Prediction | None:
    """The answer of the newest version, if it differs from the first one. Versions may answer late, in any order."""
    if not predictions:
        return None
    newest, first = max(predictions, key=lambda each: each.model_version.number), predictions[-1]
    return newest if (newest.label_id, newest.unsure) != (first.label_id, first.unsure) else None
