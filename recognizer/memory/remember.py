"""Following: what is remembered follows what its person says.

Everything here holds the person, so that an answer, a correction and a deletion come one after another.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from accounts import people
from ml.embeddings.personal_memory import MAX_DRAWINGS, MAX_DRAWINGS_PER_LABEL
from recognizer.memory.embed import Embedded, enqueue
from recognizer.models import Correction, Drawing, Label, Memory, Recognizer, Remembered

if TYPE_CHECKING:
    from accounts.models import User


def remembered_drawings(person: User) -> QuerySet[Remembered]:
    """What is remembered of a person, the oldest first; without what the versions made of it, and without pictures."""
    found = Remembered.objects.filter(memory__person=person).order_by("pk")
    return found.select_related("drawing", "label").defer("packed", "drawing__image")


def update_memory(*, person: User, drawing: Drawing, said: Label | None, seen: Embedded | None) -> None:
    """Remember a drawing as what its author says it is now (`said`); nothing said, nothing remembered.

    Part of the transaction that changed what is said and holds the person. `seen` is what `read` gave before it;
    without it, the drawing is read in the background. Who no longer agrees that drawings are kept only forgets.
    """
    said = said if person.has_consented else None
    memory = Memory.objects.filter(person=person, recognizer=drawing.recognizer_id).first()
    if memory:
        _remember(memory, drawing, said, seen)
    elif said:
        memory = create_memory(person=person, recognizer_id=drawing.recognizer_id)
        if seen:
            memory.remembered.filter(drawing=drawing).update(version=seen.version_id, packed=seen.packed)


def remember_again(*, person: User, drawing: Drawing, said: Label, seen: Embedded | None) -> None:
    """The same was said again: remember it anew, where it was forgotten or said while nothing was to be kept."""
    if person.has_consented and not Remembered.objects.filter(drawing=drawing).exists():
        update_memory(person=person, drawing=drawing, said=said, seen=seen)


def _remember(memory: Memory, drawing: Drawing, label: Label | None, seen: Embedded | None) -> None:
    memory.remembered.filter(drawing=drawing).delete()
    if label:
        read = {"version_id": seen.version_id, "packed": seen.packed} if seen else {}
        memory.remembered.create(drawing=drawing, label=label, **read)
        _prune(memory, label)
    people.bump_revision(memory.person_id)


def _prune(memory: Memory, label: Label) -> None:
    """Only the newest stay. A memory holds some more than are kept at most, so all of them are looked at at once."""
    newest_first = list(memory.remembered.order_by("-pk").values_list("pk", "label"))
    of_label = [pk for pk, said in newest_first if said == label.pk]
    too_many = {*of_label[MAX_DRAWINGS_PER_LABEL:], *(pk for pk, _said in newest_first[MAX_DRAWINGS:])}
    if too_many:
        Remembered.objects.filter(pk__in=too_many).delete()


def create_memory(*, person: User, recognizer_id: int) -> Memory:
    """The memory of somebody who has none: of all that they have said so far, to be read in the background."""
    memory = Memory.objects.create(person=person, recognizer_id=recognizer_id)
    said = _newest_said(memory) if person.has_consented else []
    rows = [Remembered(memory=memory, drawing_id=drawing, label_id=label) for drawing, label in reversed(said)]
    Remembered.objects.bulk_create(rows)
    people.bump_revision(person.pk)
    if len(rows) > 1:
        enqueue(memory)
    return memory


def _newest_said(memory: Memory) -> list[tuple[int, int]]:
    """Drawings and labels as they stand, the newest first, as many as are kept."""
    drawings = Drawing.objects.filter(author=memory.person_id, recognizer=memory.recognizer_id)
    standing = Correction.objects.current().filter(label__isnull=False, drawing__in=drawings).order_by("-pk")
    kept: list[tuple[int, int]] = []
    of_label: Counter[int] = Counter()
    for drawing, label in standing.values_list("drawing", "label"):
        of_label[label] += 1
        if of_label[label] <= MAX_DRAWINGS_PER_LABEL and len(kept) < MAX_DRAWINGS:
            kept.append((drawing, label))
    return kept


@transaction.atomic
def forget_drawing(*, drawing: Drawing) -> bool:
    """Remember this drawing no longer; what its author says it is still stands. Returns whether it was remembered."""
    people.lock_person(drawing.author_id)
    row = Remembered.objects.filter(drawing=drawing.pk).select_related("memory").first()
    if row is None:
        return False
    row.delete()
    people.bump_revision(drawing.author_id)
    return True


@transaction.atomic
def forget_all_drawings(*, person: User, recognizer: Recognizer) -> None:
    """Remember nothing of what somebody said so far."""
    people.lock_person(person.pk)
    memory, _new = Memory.objects.get_or_create(person=person, recognizer=recognizer)
    memory.remembered.all().delete()
    people.bump_revision(person.pk)


@transaction.atomic
def set_enabled(*, person: User, recognizer: Recognizer, enabled: bool) -> None:
    """Off: the model alone answers. What is said is followed all the same, so that it is there when switched on."""
    people.lock_person(person.pk)
    found = Memory.objects.filter(person=person, recognizer=recognizer).first()
    memory = found or create_memory(person=person, recognizer_id=recognizer.pk)
    if memory.enabled != enabled:
        Memory.objects.filter(pk=memory.pk).update(enabled=enabled)
        people.bump_revision(person.pk)
