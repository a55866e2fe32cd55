"""Adjust an answer by the memory of the person who asks.

A process keeps memories in a cache. A prediction reads nothing while the cached memory has the person's revision.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.db import Error

from accounts.models import User
from ml.embeddings.personal_memory import PersonalMemory, adjust_answer, build_memory
from recognizer import enqueue
from recognizer.models import Memory, Remembered
from recognizer.registry.serving import LiveVersion

logger = logging.getLogger(__name__)

HELD = 20_000  # remembered drawings and people in the cache of one process: about 12 MB
ASK_AFTER = 0.5  # seconds that a memory may be behind before a task is sent: the promotion has sent one already
ASK_EVERY = 5.0  # seconds between two tasks for the same memory


class Recalled(NamedTuple):
    """An answer adjusted by a memory."""

    probabilities: np.ndarray  # float32 (labels,)
    because: list[UUID]  # remembered drawings that changed the answer, the strongest first


@dataclass
class _CachedMemory:
    """A memory as it was at a revision of its person, for one model version."""

    revision: int
    version: int
    memory: PersonalMemory
    drawings: list[UUID]
    memory_id: int = 0  # 0: there is none, or it is off
    behind: bool = False  # it has drawings that this version has not embedded
    ask_at: float = field(default_factory=lambda: time.monotonic() + ASK_AFTER)

    @property
    def weight(self) -> int:
        """Its share of HELD."""
        return 1 + len(self.drawings)


class _Cache:
    """Cached memories by person and recognizer, the last used last."""

    def __init__(self) -> None:
        self._memories: OrderedDict[tuple[int, int], _CachedMemory] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, person: User, live: LiveVersion) -> _CachedMemory:
        """The memory at the person's revision; read from the database if the cache has another."""
        key = (person.pk, live.recognizer.pk)
        cached = self._memories.get(key)
        if cached and (cached.revision, cached.version) == (person.revision, live.version.pk):
            with self._lock:
                if key in self._memories:
                    self._memories.move_to_end(key)
            return cached
        cached = _load(person, live)
        with self._lock:
            self._drop(key)
            self._memories[key] = cached
            self._weight += cached.weight
            while self._weight > HELD and len(self._memories) > 1:
                self._drop(next(iter(self._memories)))
        return cached

    def _drop(self, key: tuple[int, int]) -> None:
        if old := self._memories.pop(key, None):
            self._weight -= old.weight

    def clear(self) -> None:
        """Remove all memories from the cache."""
        with self._lock:
            self._memories.clear()
            self._weight = 0


def recall(*, person: User, live: LiveVersion, probabilities: np.ndarray, embedding: np.ndarray) -> Recalled | None:
    """The model's probabilities (labels,) for a drawing with this embedding, adjusted by the person's memory.

    None if the model's answer stays: nothing similar is remembered, the memory is off, the person has not consented,
    or the database cannot be reached.
    """
    if not person.has_consented:
        return None
    try:
        cached = _cache.get(person, live)
    except Error as error:  # an InterfaceError is no DatabaseError
        logger.warning("a memory cannot be read, the answer is not adjusted: %s", error)
        return None
    if cached.behind and (now := time.monotonic()) >= cached.ask_at:
        cached.ask_at = now + ASK_EVERY
        # In a thread, because the first message of a process takes half a second to send.
        Thread(target=_send, args=[cached.memory_id], name=f"memory-{cached.memory_id}", daemon=True).start()
    if not cached.drawings:
        return None
    found = adjust_answer(cached.memory, probabilities, embedding)
    return Recalled(found.probabilities, [cached.drawings[row] for row in found.because]) if found.used else None


def _load(person: User, live: LiveVersion) -> _CachedMemory:
    """The rows may be newer than the revision; then they are read again. They are never older."""
    memories = Memory.objects.filter(person=person, recognizer=live.recognizer, enabled=True)
    memory_id = memories.values_list("pk", flat=True).first() or 0
    rows = Remembered.objects.filter(memory=memory_id).order_by("pk")
    embedded = rows.filter(version=live.version.pk).values_list("packed", "label", "drawing__uuid")
    outputs = {label.pk: output for output, label in enumerate(live.labels)}
    known = [(bytes(packed or b""), outputs[label], drawing) for packed, label, drawing in embedded if label in outputs]
    memory = build_memory([row[0] for row in known], [row[1] for row in known], len(outputs))
    behind = rows.behind(live.version.pk).exists()
    return _CachedMemory(person.revision, live.version.pk, memory, [row[2] for row in known], memory_id, behind)


def _send(memory_id: int) -> None:
    """Send one task for all processes. If the cache or the broker fails, RUN_DUE_JOBS does the work later."""
    try:
        if cache.add(f"memory:behind:{memory_id}", 1, ASK_EVERY):
            enqueue.send_now(enqueue.Task.REFRESH_MEMORY, memory_id)
    except Exception as error:
        logger.warning("memory %d is behind, and no task can be sent: %s", memory_id, error)


_cache = _Cache()
clear_cache = _cache.clear
