"""Embed remembered drawings again after a promotion, in the background. Until then they are not used."""

from __future__ import annotations

import time

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from accounts.models import User, bump_revision, lock_person
from recognizer.memory.remember import Embedded, create_memory, embed_drawing
from recognizer.models import Correction, Drawing, Memory, Recognizer, Remembered
from recognizer.registry import promotions, serving
from recognizer.registry.serving import LiveVersion

AT_ONCE = 250  # drawings in one transaction; each one changes the revision, and every process rebuilds the memory then
CREATED_AT_ONCE = 20  # memories
MOMENT = 0.5  # seconds; then other tasks have their turn, for which people wait


def refresh_memory(*, memory_id: int) -> int:
    """Embed one memory's drawings that the live version has not embedded, the newest first; returns how many."""
    memory = _usable().filter(pk=memory_id).select_related("recognizer").first()
    live = _live_version(memory.recognizer) if memory else None
    if memory is None or live is None:
        return 0
    done = 0
    unread = memory.remembered.behind(live.version.pk).order_by("-pk").select_related("drawing__recognizer")
    while rows := list(unread.defer("packed")[:AT_ONCE]):
        if not _write(memory, live, [(row, embed_drawing(row.drawing, live)) for row in rows]):
            break
        done += len(rows)
    return done


def _live_version(recognizer: Recognizer) -> LiveVersion | None:
    """The live version; None if there is none, or if it cannot be loaded here."""
    try:
        live = serving.live_version_now(recognizer.slug)
    except serving.NoModelError:
        return None
    return live if _is_live(live) else None


def _is_live(version: LiveVersion) -> bool:
    promotion = promotions.current_promotion(version.recognizer.pk)
    return promotion is not None and promotion.model_version_id == version.version.pk


def _usable() -> QuerySet[Memory]:
    """Memories that predictions may use."""
    return Memory.objects.filter(enabled=True, person__consented_at__isnull=False)


@transaction.atomic
def _write(memory: Memory, live: LiveVersion, embedded: list[tuple[Remembered, Embedded | None]]) -> bool:
    """Save embeddings. Returns False, and saves nothing, if another version is live by now or the memory is off.

    Rows of drawings that were deleted, forgotten or relabelled meanwhile are gone. Rows that cannot be embedded any
    more are deleted. One statement updates all: a statement for each row would take longer than the embedding.
    """
    lock_person(memory.person_id)
    if not _is_live(live) or not _usable().filter(pk=memory.pk).exists():
        return False
    there = memory.remembered.filter(pk__in=[row.pk for row, _made in embedded])
    there.filter(pk__in=[row.pk for row, made in embedded if made is None]).delete()
    left = set(there.values_list("pk", flat=True))
    rows = []
    for row, made in embedded:
        if made and row.pk in left:
            row.version_id, row.packed = made.version_id, made.packed
            rows.append(row)
    fields = ["version", "packed"]
    Remembered.objects.bulk_create(rows, update_conflicts=True, unique_fields=["pk"], update_fields=fields)
    bump_revision(memory.person_id)
    return True


def refresh_memories(*, max_seconds: float | None = None) -> tuple[int, bool]:
    """Refresh memories, those used last first; returns how many drawings were embedded, and whether more memories wait.

    It stops after `max_seconds` (MOMENT by default), but refreshes at least one memory.
    """
    end = time.monotonic() + (MOMENT if max_seconds is None else max_seconds)
    done = 0
    for memory_id in [pk for recognizer in Recognizer.objects.filter(is_on=True) for pk in _waiting(recognizer)]:
        done += refresh_memory(memory_id=memory_id)
        if time.monotonic() >= end:
            return done, True
    return done, False


def _waiting(recognizer: Recognizer) -> list[int]:
    """Ids of memories that the live version has not embedded completely, newly created ones first."""
    live = _live_version(recognizer)
    if live is None:
        return []
    unread = Remembered.objects.filter(memory=OuterRef("pk")).behind(live.version.pk)
    drawn = Drawing.objects.filter(author=OuterRef("person"), recognizer=recognizer).order_by().values("author")
    last_used = Subquery(drawn.annotate(last=Max("pk")).values("last"))
    behind = _usable().filter(Exists(unread), recognizer=recognizer)
    return [*_create_some(recognizer), *behind.order_by(last_used.desc()).values_list("pk", flat=True)]


def _create_some(recognizer: Recognizer) -> list[int]:
    """Create memories of people whose corrections are older than the feature; returns their ids."""
    said = Correction.objects.current().filter(label__isnull=False, drawing__recognizer=recognizer)
    without = User.objects.filter(
        ~Exists(Memory.objects.filter(person=OuterRef("pk"), recognizer=recognizer)),
        Exists(said.filter(drawing__author=OuterRef("pk"))),
        consented_at__isnull=False,
    )
    made = []
    for pk in list(without.order_by("pk").values_list("pk", flat=True)[:CREATED_AT_ONCE]):
        with transaction.atomic():
            person = lock_person(pk)
            if person and not Memory.objects.filter(person=person, recognizer=recognizer).exists():
                made.append(create_memory(person=person, recognizer_id=recognizer.pk).pk)
    return made
