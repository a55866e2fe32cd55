"""Save what authors say their drawings are: correct, confirm, take back."""

from __future__ import annotations

from django.db import transaction

from accounts.models import lock_person
from recognizer import memory
from recognizer.models import Correction, Drawing, Label, UnknownLabelError
from recognizer.review import outliers, queue


def correct(*, drawing: Drawing, label: str, origin: str = "") -> Correction:
    """Save that its author says the drawing is this label, which may be the first guess. `origin`: a Correction.Origin.

    Saying the same again changes nothing, except that a forgotten drawing is remembered again. `label` is a slug of
    the drawing's recognizer; raises UnknownLabelError otherwise, and Drawing.DoesNotExist if it was deleted meanwhile.
    """
    found = Label.objects.filter(recognizer_id=drawing.recognizer_id, slug=label).first()
    if found is None:
        raise UnknownLabelError(label)
    embedded = memory.embed_with_live_version(drawing)  # before the transaction locks the author
    oddness = outliers.oddness_of(drawing=drawing, label=found, embedded=embedded) if embedded else None
    correction = _save(drawing, found, embedded=embedded, oddness=oddness, origin=origin)
    assert correction is not None  # noqa: S101 - only taking back may save nothing
    return correction


def mark_none_of_these(*, drawing: Drawing) -> Correction:
    """Save that its author says the drawing is none of the recognizer's labels.

    Nobody reviews it, no model is trained on it, and the author's memory forgets it. Raises Drawing.DoesNotExist if it
    was deleted meanwhile.
    """
    correction = _save(drawing, None, none_of_these=True)
    assert correction is not None  # noqa: S101 - as above
    return correction


def take_back(*, drawing: Drawing) -> None:
    """Take the correction back, if there is one. Raises Drawing.DoesNotExist if it was deleted meanwhile."""
    _save(drawing, None)


@transaction.atomic
def _save(
    drawing: Drawing,
    label: Label | None,
    *,
    none_of_these: bool = False,
    embedded: memory.Embedded | None = None,
    oddness: float | None = None,
    origin: str = "",
) -> Correction | None:
    """Add the correction unless it is the current one already; update the queue and the memory of its author."""
    author = lock_person(drawing.author_id)  # a second request waits here
    if author is None or not Drawing.objects.filter(pk=drawing.pk).exists():
        raise Drawing.DoesNotExist
    last = current(drawing)
    if ((last.label, last.none_of_these) if last else (None, False)) == (label, none_of_these):
        if label:
            memory.remember_again(person=author, drawing=drawing, label=label, embedded=embedded)
        return last
    correction = Correction.objects.create(
        drawing=drawing, label=label, none_of_these=none_of_these, replaces=last, origin=origin
    )
    queue.add_entry(correction, oddness=oddness)
    memory.update_memory(person=author, drawing=drawing, label=label, embedded=embedded)
    return correction


def current(drawing: Drawing) -> Correction | None:
    """The correction that counts; its label is None if it was taken back."""
    return drawing.corrections.current().select_related("label").first()


@transaction.atomic
def delete_correction(*, correction: Correction) -> None:
    """Delete a correction and those that replaced it, for staff; the queue and the author's memory are updated."""
    author = lock_person(correction.drawing.author_id)
    correction.delete()
    queue.update_entries(correction.drawing)
    last = current(correction.drawing)
    if author:
        label = last.label if last else None
        memory.update_memory(person=author, drawing=correction.drawing, label=label, embedded=None)
