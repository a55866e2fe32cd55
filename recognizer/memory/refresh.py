"""Catching up: remembered drawings are read again when another version answers. Until then they are not used."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from accounts import people
from accounts.models import User
from recognizer.memory.embed import Embedded, embed_drawing
from recognizer.memory.remember import create_memory
from recognizer.models import Correction, Drawing, Memory, Recognizer, Remembered
from recognizer.registry import promotions, serving

if TYPE_CHECKING:
    from recognizer.registry.serving import LiveVersion

AT_ONCE = 250  # drawings in one transaction; each moves the revision, and every process then builds the memory anew
BEGUN_AT_ONCE = 20  # people whose memory is begun in one go
MOMENT = 0.5  # seconds; then others have their turn, who wait for an answer of theirs


def refresh_memory(*, memory_id: int) -> int:
    """Let the active version read what it has not read of a memory, the newest first; returns how much it read."""
    memory = _usable().filter(pk=memory_id).select_related("recognizer").first()
    if memory is None:
        return 0
    active = _newest(memory.recognizer)
    done = 0
    while active and (rows := _unread(memory, active)) and _keep(memory, active, rows):
        done += len(rows)
    return done


def _newest(recognizer: Recognizer) -> LiveVersion | None:
    """The version to catch up with; None where it does not load here, or there is none."""
    try:
        active = serving.live_version_now(recognizer.slug)
    except serving.NoModelError:
        return None
    return active if _answers(active) else None


def _answers(active: LiveVersion) -> bool:
    newest = promotions.current_promotion(active.recognizer.pk)
    return newest is not None and newest.model_version_id == active.version.pk


def _usable() -> QuerySet[Memory]:
    """Memories that answers may go by; the others rest."""
    return Memory.objects.filter(enabled=True, person__consented_at__isnull=False)


def _unread(memory: Memory, active: LiveVersion) -> list[Remembered]:
    found = memory.remembered.behind(active.version.pk).order_by("-pk").select_related("drawing__recognizer")
    return list(found.defer("packed")[:AT_ONCE])


def _keep(memory: Memory, active: LiveVersion, rows: list[Remembered]) -> bool:
    return _write(memory, active, [(row, embed_drawing(row.drawing, active)) for row in rows])


@transaction.atomic
def _write(memory: Memory, active: LiveVersion, seen: list[tuple[Remembered, Embedded | None]]) -> bool:
    """Write what was read; False where it must not be: another version answers by now, or the memory rests.

    A drawing that was deleted, forgotten or called something else meanwhile has its row no longer. One that cannot be
    read any more is not remembered.
    """
    people.lock_person(memory.person_id)
    if not _answers(active) or not _usable().filter(pk=memory.pk).exists():
        return False
    there = memory.remembered.filter(pk__in=[row.pk for row, _made in seen])
    there.filter(pk__in=[row.pk for row, made in seen if made is None]).delete()
    _update(set(there.values_list("pk", flat=True)), [(row, made) for row, made in seen if made])
    people.bump_revision(memory.person_id)
    return True


def _update(there: set[int], seen: list[tuple[Remembered, Embedded]]) -> None:
    """In one statement: a row a time would take longer than the reading."""
    for row, made in seen:
        row.version_id, row.packed = made.version_id, made.packed
    rows = [row for row, _made in seen if row.pk in there]
    Remembered.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["pk"], update_fields=["version", "packed"]
    )


def refresh_memories() -> tuple[int, bool]:
    """Let memories catch up, those first that were used last; returns how many drawings it read, and whether more wait.

    It stops after a moment, for whoever waits for a memory of their own in the same queue; at least one is read.
    """
    end = time.monotonic() + MOMENT
    done = 0
    for memory_id in [pk for recognizer in Recognizer.objects.all() for pk in _waiting(recognizer)]:
        done += refresh_memory(memory_id=memory_id)
        if time.monotonic() >= end:
            return done, True
    return done, False


def _waiting(recognizer: Recognizer) -> list[int]:
    """Memories that are behind the version that answers, and those that nobody has begun yet."""
    active = _newest(recognizer)
    if active is None:
        return []
    unread = Remembered.objects.filter(memory=OuterRef("pk")).behind(active.version.pk)
    behind = _usable().filter(Exists(unread), recognizer=recognizer)
    return [*_begun(recognizer), *behind.order_by(_last_used(recognizer).desc()).values_list("pk", flat=True)]


def _last_used(recognizer: Recognizer) -> Subquery:
    """The newest drawing of a memory's person."""
    drawn = Drawing.objects.filter(author=OuterRef("person"), recognizer=recognizer).order_by().values("author")
    return Subquery(drawn.annotate(last=Max("pk")).values("last"))


def _begun(recognizer: Recognizer) -> list[int]:
    """Begin some memories of people who said what drawings are before there were memories."""
    said = Correction.objects.current().filter(label__isnull=False, drawing__recognizer=recognizer)
    without = User.objects.filter(
        ~Exists(Memory.objects.filter(person=OuterRef("pk"), recognizer=recognizer)),
        Exists(said.filter(drawing__author=OuterRef("pk"))),
        consented_at__isnull=False,
    )
    return [pk for person in without.order_by("pk")[:BEGUN_AT_ONCE] if (pk := _begin(person.pk, recognizer))]


@transaction.atomic
def _begin(person_id: int, recognizer: Recognizer) -> int | None:
    person = people.lock_person(person_id)
    if person is None or Memory.objects.filter(person=person, recognizer=recognizer).exists():
        return None
    return create_memory(person=person, recognizer_id=recognizer.pk).pk
