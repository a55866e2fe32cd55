"""Change what is remembered of a person: remember, forget, switch on or off.

Every function that writes locks the person, so that predictions, corrections and deletions come one after another.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import NamedTuple

from django.db import Error, transaction
from django.db.models import QuerySet

from accounts.models import User, bump_revision, lock_person
from ml.embeddings.personal_memory import MAX_DRAWINGS, MAX_DRAWINGS_PER_LABEL, pack_answer
from ml.preprocessing.image import ImageError
from ml.preprocessing.ink import InkError
from recognizer.enqueue import Task, send_on_commit
from recognizer.models import Correction, Drawing, Label, Memory, Recognizer, Remembered
from recognizer.registry import serving
from recognizer.registry.serving import LiveVersion

logger = logging.getLogger(__name__)


class Embedded(NamedTuple):
    """What is remembered of a drawing: its embedding and probabilities by one model version."""

    version_id: int
    packed: bytes  # see ml.embeddings.personal_memory.pack_answer


def embed_with_live_version(drawing: Drawing) -> Embedded | None:
    """Embed a drawing with the live version; None if that is not possible now. Raises nothing."""
    try:
        return embed_drawing(drawing, serving.live_version(drawing.recognizer.slug))
    except (serving.NoModelError, Error) as error:
        logger.warning("drawing %s is embedded later: %s", drawing.uuid, error)
        return None


def embed_drawing(drawing: Drawing, live: LiveVersion) -> Embedded | None:
    """Embed a drawing with this version; None if its ink or image cannot be read, as when limits became stricter."""
    try:
        raster = drawing.content().raster(live.raster)
    except (InkError, ImageError) as error:
        logger.warning("drawing %s cannot be remembered: %s", drawing.uuid, error)
        return None
    except Exception:  # of this drawing alone: the others must not wait for it
        logger.exception("drawing %s cannot be remembered", drawing.uuid)
        return None
    answers = live.predictor.predict(raster[None])
    return Embedded(live.version.pk, pack_answer(answers.embeddings[0], answers.probabilities[0]))


def remembered_drawings(person: User) -> QuerySet[Remembered]:
    """A person's remembered drawings, the oldest first, without embeddings and images."""
    found = Remembered.objects.filter(memory__person=person).order_by("pk")
    return found.select_related("drawing", "label").defer("packed", "drawing__image")


def update_memory(*, person: User, drawing: Drawing, label: Label | None, embedded: Embedded | None) -> None:
    """Remember a drawing with this label, or forget it (no label, or the person has not consented).

    Must run in the transaction that saves the correction and locks the person. `embedded` was computed before that
    transaction; without it, the drawing is embedded in the background.
    """
    label = label if person.has_consented else None
    memory = Memory.objects.filter(person=person, recognizer=drawing.recognizer_id).first()
    if memory:
        memory.remembered.filter(drawing=drawing).delete()
        if label:
            packed = {"version_id": embedded.version_id, "packed": embedded.packed} if embedded else {}
            memory.remembered.create(drawing=drawing, label=label, **packed)
            _prune(memory, label)
        bump_revision(memory.person_id)
    elif label:
        memory = create_memory(person=person, recognizer_id=drawing.recognizer_id)
        if embedded:
            memory.remembered.filter(drawing=drawing).update(version=embedded.version_id, packed=embedded.packed)


def remember_again(*, person: User, drawing: Drawing, label: Label, embedded: Embedded | None) -> None:
    """Remember a drawing that was forgotten, or corrected before its author consented, when the same is said again."""
    if person.has_consented and not Remembered.objects.filter(drawing=drawing).exists():
        update_memory(person=person, drawing=drawing, label=label, embedded=embedded)


def _prune(memory: Memory, label: Label) -> None:
    """Delete the oldest rows above the limits of a memory and of a label."""
    newest_first = list(memory.remembered.order_by("-pk").values_list("pk", "label"))
    of_label = [pk for pk, each in newest_first if each == label.pk]
    too_many = {*of_label[MAX_DRAWINGS_PER_LABEL:], *(pk for pk, _label in newest_first[MAX_DRAWINGS:])}
    if too_many:
        Remembered.objects.filter(pk__in=too_many).delete()


def create_memory(*, person: User, recognizer_id: int) -> Memory:
    """A memory for a person who has none, with the drawings that they corrected so far; a worker embeds these."""
    memory = Memory.objects.create(person=person, recognizer_id=recognizer_id)
    newest_first = _newest_corrections(memory) if person.has_consented else []
    rows = [Remembered(memory=memory, drawing_id=drawing, label_id=label) for drawing, label in reversed(newest_first)]
    Remembered.objects.bulk_create(rows)
    bump_revision(person.pk)
    if len(rows) > 1:
        send_on_commit(Task.REFRESH_MEMORY, memory.pk)  # if the message is lost, RUN_DUE_JOBS does the same
    return memory


def _newest_corrections(memory: Memory) -> list[tuple[int, int]]:
    """Ids of drawings and labels by current corrections, the newest first, within the limits of a memory."""
    drawings = Drawing.objects.filter(author=memory.person_id, recognizer=memory.recognizer_id)
    current = Correction.objects.current().filter(label__isnull=False, drawing__in=drawings).order_by("-pk")
    kept: list[tuple[int, int]] = []
    of_label: Counter[int] = Counter()
    for drawing, label in current.values_list("drawing", "label"):
        of_label[label] += 1
        if of_label[label] <= MAX_DRAWINGS_PER_LABEL and len(kept) < MAX_DRAWINGS:
            kept.append((drawing, label))
    return kept


@transaction.atomic
def forget_drawing(*, drawing: Drawing) -> bool:
    """Remember this drawing no longer; its correction stays. Returns whether it was remembered."""
    lock_person(drawing.author_id)
    if not Remembered.objects.filter(drawing=drawing.pk).delete()[0]:
        return False
    bump_revision(drawing.author_id)
    return True


@transaction.atomic
def forget_all_drawings(*, person: User, recognizer: Recognizer) -> None:
    """Remember none of this person's drawings so far."""
    lock_person(person.pk)
    memory, _new = Memory.objects.get_or_create(person=person, recognizer=recognizer)
    memory.remembered.all().delete()
    bump_revision(person.pk)


@transaction.atomic
def set_enabled(*, person: User, recognizer: Recognizer, enabled: bool) -> None:
    """Switch a memory on or off. Off: the model alone answers, but corrections are remembered for later."""
    lock_person(person.pk)
    found = Memory.objects.filter(person=person, recognizer=recognizer).first()
    memory = found or create_memory(person=person, recognizer_id=recognizer.pk)
    if memory.enabled != enabled:
        Memory.objects.filter(pk=memory.pk).update(enabled=enabled)
        bump_revision(person.pk)
