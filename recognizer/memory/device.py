"""A copy of a personal memory for the person's own device, which adjusts answers there without a connection."""

from __future__ import annotations

import base64
from typing import Any

from accounts.models import User
from recognizer.models import Memory, Recognizer, Remembered
from recognizer.registry.serving import LiveVersion


def copy_revision(person: User, live: LiveVersion) -> str:
    """A text that changes with the copy."""
    return f"{person.revision}-{live.version.pk}-{int(person.has_consented)}"


def copy_for_device(*, person: User, recognizer: Recognizer, live: LiveVersion) -> dict[str, Any]:
    """What `static/js/offline/memory_here.js` needs: the drawings that the live version has embedded, the oldest first.

    `labels` are the outputs of that version; `packed` is base64 of `ml.embeddings.personal_memory.pack_answer`. Without
    drawings and not `on` if the person has turned the memory off or has not consented.
    """
    memory = Memory.objects.filter(person=person, recognizer=recognizer).first()
    on = person.has_consented and (memory is None or memory.enabled)
    slugs = {label.pk: label.slug for label in live.labels}
    rows = (
        Remembered.objects.filter(memory=memory, version=live.version.pk)
        if memory and on
        else Remembered.objects.none()
    )
    found = rows.order_by("pk").values_list("drawing__uuid", "label", "packed")
    return {
        "on": on,
        "revision": copy_revision(person, live),
        "version": live.version.number,
        "labels": list(slugs.values()),
        "drawings": [
            {"id": str(uuid), "label": slugs[label], "packed": base64.b64encode(bytes(packed)).decode()}
            for uuid, label, packed in found
            if label in slugs and packed
        ],
    }
