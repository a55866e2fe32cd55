"""Keepsakes: what the page about one's memory shows of it, and what the draw page has to know of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet

from recognizer import memory
from recognizer.drawings import thumbnails
from recognizer.models import Drawing, Label, Memory, Promotion, Recognizer, Remembered
from recognizer.training import monitoring

if TYPE_CHECKING:
    from accounts.models import User

SHOWN = 12  # of each label, the newest; all of them where the address names the label


@dataclass(frozen=True)
class Keepsake:
    """One remembered drawing."""

    drawing: Drawing

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture. Its template asks several times."""
        return thumbnails.svg_path_of(self.drawing)


@dataclass(frozen=True)
class Shelf:
    """What is remembered of one label, the newest first."""

    label: Label
    keepsakes: list[Keepsake]
    count: int

    @property
    def more(self) -> bool:
        """There are others that are not shown."""
        return self.count > len(self.keepsakes)


@dataclass(frozen=True)
class Look:
    """A person's memory of one recognizer, as its page shows it."""

    enabled: bool
    shelves: list[Shelf]
    count: int
    behind: int  # of them those that the version which answers has not read yet
    number: int  # of that version
    rate: monitoring.LiveAccuracy


def standing(*, person: User) -> dict[int, dict[str, bool]]:
    """By recognizer. `on`: what the person says is remembered and counts; `holds`: there is something that may.

    One query; a recognizer that is not known yet is on and holds nothing.
    """
    held = Exists(Remembered.objects.filter(memory=OuterRef("pk")))
    own = Memory.objects.filter(person=person).annotate(holds=held).values_list("recognizer", "enabled", "holds")
    consents = person.has_consented
    found = {pk: {"on": on and consents, "holds": on and consents and holds} for pk, on, holds in own}
    return defaultdict(lambda: {"on": consents, "holds": False}, found)


def look(*, person: User, recognizer: Recognizer, label: str = "") -> Look:
    """Everything about it; all that is remembered of one label, some of every other.

    Five queries for one that comes with its labels; for another it takes a sixth.
    """
    own = memory.remembered_drawings(person).filter(memory__recognizer=recognizer).order_by("-pk")
    facts = list(own.values_list("pk", "label", "version"))
    enabled = Memory.objects.filter(person=person, recognizer=recognizer).values_list("enabled", flat=True).first()
    newest = Promotion.objects.filter(recognizer=recognizer).order_by("-pk")
    active, number = newest.values_list("model_version", "model_version__number").first() or (0, 0)
    return Look(
        enabled=enabled is not False,
        shelves=_shelves(own, recognizer, [(pk, of) for pk, of, _version in facts], label),
        count=len(facts),
        behind=sum(version != active for _pk, _of, version in facts),
        number=number,
        rate=monitoring.own_accuracy(person=person, recognizer=recognizer),
    )


def _shelves(
    own: QuerySet[Remembered], recognizer: Recognizer, facts: list[tuple[int, int]], label: str
) -> list[Shelf]:
    """By label, in the labels' order; without those of which nothing is remembered."""
    of_label: dict[int, list[int]] = {}
    for pk, of in facts:
        of_label.setdefault(of, []).append(pk)
    labels = [each for each in recognizer.labels.all() if each.pk in of_label]
    shown = {each: of_label[each.pk][: None if each.slug == label else SHOWN] for each in labels}
    found = own.filter(pk__in=[pk for pks in shown.values() for pk in pks])
    keepsakes = {each.pk: Keepsake(each.drawing) for each in found}  # one may have been forgotten meanwhile
    return [
        Shelf(each, [keepsakes[pk] for pk in pks if pk in keepsakes], len(of_label[each.pk]))
        for each, pks in shown.items()
    ]
