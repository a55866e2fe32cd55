"""Corrections: what authors say their drawings are."""

from __future__ import annotations

from django.db import transaction

from accounts import people
from recognizer import memory
from recognizer.models import Correction, Drawing, Label, UnknownLabelError
from recognizer.review import outliers, queue


def correct(*, drawing: Drawing, label: str) -> Correction:
    """Say what a drawing is; agreeing counts. Saying the same again only remembers again what was forgotten.

    `label` is a slug of the drawing's recognizer; raises UnknownLabelError otherwise, and
    Drawing.DoesNotExist when the drawing was deleted in the meantime.
    """
    found = Label.objects.filter(recognizer_id=drawing.recognizer_id, slug=label).first()
    if found is None:
        raise UnknownLabelError(label)
    correction = _append(drawing, found)
    assert correction is not None  # noqa: S101 - only taking back can have nothing to append
    return correction


def take_back(*, drawing: Drawing) -> None:
    """Unsay what was said; without anything said there is nothing to do. Drawing.DoesNotExist as above."""
    _append(drawing, None)


@transaction.atomic
def delete_correction(*, correction: Correction) -> None:
    """Really delete a correction and those that replaced it, for staff; its author's memory goes along."""
    author = people.lock_person(correction.drawing.author_id)
    correction.delete()
    queue.update_entries(correction.drawing)
    said = _said(current(correction.drawing))
    if author:
        memory.update_memory(person=author, drawing=correction.drawing, said=said, seen=None)


def current(drawing: Drawing) -> Correction | None:
    """The correction that counts; its label is None when it was taken back."""
    return drawing.corrections.current().select_related("label").first()


def _said(correction: Correction | None) -> Label | None:
    return correction.label if correction else None


def _append(drawing: Drawing, label: Label | None) -> Correction | None:
    """Its author's memory goes along; what the model makes of the drawing is found out before anybody has to wait."""
    seen = memory.embed_with_live_version(drawing) if label else None
    oddness = outliers.oddness_of(drawing=drawing, label=label, seen=seen) if label and seen else None
    return _append_and_remember(drawing, label, seen, oddness)


@transaction.atomic
def _append_and_remember(
    drawing: Drawing, label: Label | None, seen: memory.Embedded | None, oddness: float | None
) -> Correction | None:
    """Append unless it is said already. A second tab waits; Drawing.DoesNotExist when that one deleted it."""
    author = people.lock_person(drawing.author_id)
    if author is None or not Drawing.objects.filter(pk=drawing.pk).exists():
        raise Drawing.DoesNotExist
    last = current(drawing)
    if _said(last) == label:
        if label:
            memory.remember_again(person=author, drawing=drawing, said=label, seen=seen)
        return last
    correction = Correction.objects.create(drawing=drawing, label=label, replaces=last)
    queue.add_entry(correction, oddness=oddness)
    memory.update_memory(person=author, drawing=drawing, said=label, seen=seen)
    return correction
