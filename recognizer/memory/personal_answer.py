"""Recalling: the way of an answer. No read at all, while the process holds the memory as of the person's revision."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.db import Error

import ml.embeddings.personal_memory
from recognizer import enqueue
from recognizer.models import Memory, Remembered
from recognizer.registry.serving import LiveVersion

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

HELD = 20_000  # remembered drawings, and people, that one process holds: some 12 MB
ASK_AFTER = 0.5  # seconds that a memory may be behind: the promotion has sent for it already
ASK_EVERY = 5.0  # seconds; beyond that it is sent for once in so long


class Recalled(NamedTuple):
    """An answer as the person gets it."""

    probabilities: np.ndarray  # float32 (labels,)
    because: list[UUID]  # drawings of theirs, the one that says most first


@dataclass
class _Held:
    """What is remembered of a person for a recognizer, as of a revision of theirs, for one version."""

    revision: int
    version: int
    memory: ml.embeddings.personal_memory.PersonalMemory
    drawings: list[UUID]
    memory_id: int = 0  # 0: there is none, or it is switched off
    behind: bool = False  # something is remembered that this version has not read
    ask_at: float = field(default_factory=lambda: time.monotonic() + ASK_AFTER)

    @property
    def weight(self) -> int:
        """What it counts of all that a process holds."""
        return 1 + len(self.drawings)


class _Shelf:
    """The memories that this process holds, the last used last, by person and recognizer."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, int], _Held] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, person: User, active: LiveVersion) -> _Held:
        """The memory as of the person's revision; read anew where another is held."""
        key = (person.pk, active.recognizer.pk)
        held = self._held.get(key)
        if held is None or (held.revision, held.version) != (person.revision, active.version.pk):
            held = _load(person, active)
            self._put(key, held)
        else:
            self._touch(key)
        return held

    def _touch(self, key: tuple[int, int]) -> None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)

    def _put(self, key: tuple[int, int], held: _Held) -> None:
        with self._lock:
            self._drop(key)
            self._held[key] = held
            self._weight += held.weight
            while self._weight > HELD and len(self._held) > 1:
                self._drop(next(iter(self._held)))

    def _drop(self, key: tuple[int, int]) -> None:
        if old := self._held.pop(key, None):
            self._weight -= old.weight

    def clear(self) -> None:
        """Hold nothing; what is asked for next is read anew."""
        with self._lock:
            self._held.clear()
            self._weight = 0


def recall(*, person: User, active: LiveVersion, probabilities: np.ndarray, embedding: np.ndarray) -> Recalled | None:
    """The plain answer (labels,) to a drawing with this embedding, put right by what this person said before.

    None where the plain answer stands: nothing near is remembered, it is switched off, they no longer agree that
    drawings are kept, or the database is away.
    """
    if not person.has_consented:
        return None
    try:
        held = _shelf.get(person, active)
    except Error as error:  # an interface error is not a database error
        logger.warning("the model answers alone, a memory cannot be read: %s", error)
        return None
    if held.behind:
        _ask(held)
    if not held.drawings:
        return None
    found = ml.embeddings.personal_memory.adjust_answer(held.memory, probabilities, embedding)
    return Recalled(found.probabilities, [held.drawings[row] for row in found.because]) if found.used else None


def _load(person: User, active: LiveVersion) -> _Held:
    """The rows may be newer than the revision, then they are read once more; they are never older."""
    memories = Memory.objects.filter(person=person, recognizer=active.recognizer, enabled=True)
    memory_id = memories.values_list("pk", flat=True).first() or 0
    rows = Remembered.objects.filter(memory=memory_id).order_by("pk")
    said = rows.filter(version=active.version.pk).values_list("packed", "label", "drawing__uuid")
    outputs = {label.pk: output for output, label in enumerate(active.labels)}
    known = [(bytes(packed or b""), outputs[label], drawing) for packed, label, drawing in said if label in outputs]
    memory = ml.embeddings.personal_memory.build_memory(
        [row[0] for row in known], [row[1] for row in known], len(outputs)
    )
    behind = rows.behind(active.version.pk).exists()
    return _Held(person.revision, active.version.pk, memory, [row[2] for row in known], memory_id, behind)


def _ask(held: _Held) -> None:
    """Let a worker read it, apart from the answer: the first message of a process takes half a second to send."""
    now = time.monotonic()
    if now >= held.ask_at:
        held.ask_at = now + ASK_EVERY
        Thread(target=_send, args=[held.memory_id], name=f"memory-{held.memory_id}", daemon=True).start()


def _send(memory_id: int) -> None:
    """Once for all processes. Where the cache or the broker is away the tick sees to it."""
    try:
        if cache.add(f"memory:behind:{memory_id}", 1, ASK_EVERY):
            enqueue.send_now(enqueue.Task.REFRESH_MEMORY, memory_id)
    except Exception as error:
        logger.warning("memory %d is behind, and nobody can be told: %s", memory_id, error)


_shelf = _Shelf()
clear_cache = _shelf.clear
