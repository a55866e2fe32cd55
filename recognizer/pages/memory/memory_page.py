"""What the page Personal memory shows, and what the draw page needs to know about personal memories."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts.models import User
from recognizer import memory
from recognizer.insights.examples import DrawingExample
from recognizer.models import Label, Memory, Promotion, Recognizer, Remembered
from recognizer.training import monitoring

MAX_SHOWN = 12  # drawings per label, the newest; all if the query string names the label


@dataclass(frozen=True)
class LabelGroup:
    """Remembered drawings of one label, newest first."""

    label: Label
    drawings: list[DrawingExample]
    count: int

    @property
    def more(self) -> bool:
        """Whether some drawings are not shown."""
        return self.count > len(self.drawings)


@dataclass(frozen=True)
class MemoryPage:
    """A person's memory for one recognizer."""

    enabled: bool
    groups: list[LabelGroup]
    count: int
    outdated: int  # drawings without an embedding by the live version
    number: int  # of the live version
    rate: monitoring.LiveAccuracy


def memory_states(*, person: User) -> dict[int, dict[str, bool]]:
    """The state of a person's memory by recognizer id: `on` if it is used, `holds` if it also has drawings.

    One query. A recognizer without a memory is on and holds nothing.
    """
    held = Exists(Remembered.objects.filter(memory=OuterRef("pk")))
    own = Memory.objects.filter(person=person).annotate(holds=held).values_list("recognizer", "enabled", "holds")
    consents = person.has_consented
    found = {pk: {"on": on and consents, "holds": on and consents and holds} for pk, on, holds in own}
    return defaultdict(lambda: {"on": consents, "holds": False}, found)


def memory_page(*, person: User, recognizer: Recognizer, label: str = "") -> MemoryPage:
    """A person's memory for one recognizer, with all drawings of `label` and the newest of every other label.

    Six queries.
    """
    own = memory.remembered_drawings(person).filter(memory__recognizer=recognizer).order_by("-pk")
    facts = list(own.values_list("pk", "label", "version"))
    enabled = Memory.objects.filter(person=person, recognizer=recognizer).values_list("enabled", flat=True).first()
    newest = Promotion.objects.filter(recognizer=recognizer).order_by("-pk")
    active, number = newest.values_list("model_version", "model_version__number").first() or (0, 0)
    of_label: dict[int, list[int]] = defaultdict(list)
    for pk, of, _version in facts:
        of_label[of].append(pk)
    labels = list(recognizer.labels.filter(pk__in=of_label.keys()).defer("names", "codes"))
    shown = {each: of_label[each.pk][: None if each.slug == label else MAX_SHOWN] for each in labels}
    found = own.filter(pk__in=[pk for pks in shown.values() for pk in pks])
    drawings = {each.pk: DrawingExample(each.drawing) for each in found}  # one may have been removed meanwhile
    return MemoryPage(
        enabled=enabled is not False,
        groups=[
            LabelGroup(each, [drawings[pk] for pk in pks if pk in drawings], len(of_label[each.pk]))
            for each, pks in shown.items()
        ],
        count=len(facts),
        outdated=sum(version != active for _pk, _of, version in facts),
        number=number,
        rate=monitoring.own_accuracy(person=person, recognizer=recognizer),
    )
