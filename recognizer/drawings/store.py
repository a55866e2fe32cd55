"""Save a drawing with its prediction, and delete it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from accounts import audit, deletion_log
from accounts.models import User, lock_person
from ml.preprocessing.content import Content
from recognizer import memory
from recognizer.drawings.predict import Answer, Guesses, recognise
from recognizer.models import DeletedDrawing, Drawing, PersonalAnswer, PersonalAnswerReason, Prediction, Receipt
from recognizer.models.prediction import LISTED_GUESSES
from recognizer.registry import switch


class ConsentRequiredError(PermissionError):
    """The person has not consented to saving their drawings and training with them."""


class IdTakenError(ValueError):
    """The uuid belongs to a drawing of another person, or to another drawing of the same person."""


class DrawingDeletedError(ValueError):
    """The uuid belongs to a drawing that was deleted."""


def save_drawing(
    *,
    author: User,
    recognizer: str,
    content: Content,
    uuid: UUID | None = None,
    personal: bool = True,
    as_of: int | None = None,
    on_device: int | None = None,
) -> tuple[Drawing, bool]:
    """Save a drawing and its prediction in one transaction; returns the drawing and whether it is new.

    `personal`: adjust the answer by the author's memory. `on_device`: the number of the version that answered on the
    author's device; its answer is computed again here, so that nobody can make one up, and marked. A repeated `uuid`
    with the same recognizer and the same ink or picture returns the drawing that is saved already, so that a retry
    saves nothing twice. Raises ConsentRequiredError, IdTakenError, DrawingDeletedError, switch.RecognizerOffError and
    what `recognise` raises.
    """
    _check_consent(author)
    if uuid and (existing := _existing(author, uuid, recognizer, content)):
        return existing, False
    if on_device is None:  # a device may have answered before it knew that the recognizer is off
        switch.check_is_on(recognizer)
    person = author if personal and on_device is None else None
    answer = recognise(recognizer=recognizer, content=content, person=person, as_of=on_device or as_of)
    try:
        return _store(author, content, uuid or uuid4(), answer, on_device=on_device is not None), True
    except IntegrityError:
        if uuid and (existing := _existing(author, uuid, recognizer, content)):
            return existing, False
        raise


def _check_consent(author: User | None) -> None:
    if author is None or not author.has_consented:
        raise ConsentRequiredError


def _existing(author: User, uuid: UUID, recognizer: str, content: Content) -> Drawing | None:
    """The author's drawing with this id. What asks about it (`personal`, `as_of`) may differ. Raises IdTakenError."""
    drawing = Drawing.objects.filter(uuid=uuid).with_answers().first()
    if drawing is None:
        return None
    if drawing.author_id != author.pk or drawing.recognizer.slug != recognizer or not _is_content(drawing, content):
        raise IdTakenError
    return drawing


def _is_content(drawing: Drawing, content: Content) -> bool:
    """Whether the drawing has this ink or picture."""
    if drawing.ink is None or content.ink is None:
        return drawing.ink is content.ink and bytes(drawing.image or b"") == content.png()
    return _floats(drawing.ink) == _floats(content.ink)


def _floats(ink: list[Any]) -> list[Any]:
    """Its numbers as the model sees them. PostgreSQL gives 1e23 back as a whole number, which is another one."""
    return [[list(map(float, axis)) for axis in stroke] for stroke in ink]


@transaction.atomic
def _store(author: User, content: Content, uuid: UUID, answer: Answer, *, on_device: bool) -> Drawing:
    _check_consent(lock_person(author.pk))  # it may have been withdrawn while the model predicted
    if DeletedDrawing.objects.filter(pk=uuid).exists():  # whoever deletes a drawing locks its author, too
        raise DrawingDeletedError
    recognizer = answer.live.recognizer
    drawing = Drawing.objects.create(
        uuid=uuid, author=author, recognizer=recognizer, ink=content.ink, image=content.png()
    )
    prediction = save_prediction(drawing=drawing, answer=answer, on_device=on_device)
    if personal := answer.personal:
        given = PersonalAnswer.objects.create(
            prediction=prediction, unsure=personal.unsure, **_fields(personal.guesses)
        )
        # Drawings that were deleted since the memory was read are left out.
        found = dict(Drawing.objects.filter(author=author, uuid__in=personal.because).values_list("uuid", "pk"))
        reasons = [found[uuid] for uuid in personal.because if uuid in found]
        PersonalAnswerReason.objects.bulk_create(PersonalAnswerReason(answer=given, drawing_id=pk) for pk in reasons)
    return Drawing.objects.with_answers().get(pk=drawing.pk)


def save_prediction(*, drawing: Drawing, answer: Answer, on_device: bool = False) -> Prediction:
    """Save a model version's answer to a drawing. `on_device`: the author got it from the copy on their device."""
    return Prediction.objects.create(
        drawing=drawing,
        model_version=answer.live.version,
        unsure=answer.unsure,
        on_device=on_device,
        **_fields(answer.guesses),
    )


def _fields(guesses: Guesses) -> dict[str, Any]:
    """The columns of an answer. Guesses after the first ones have less than 1 % each, and would be most of its size."""
    return {
        "guesses": [[guess.label.slug, round(guess.probability, 6)] for guess in guesses[:LISTED_GUESSES]],
        "label": guesses[0].label,
        "probability": min(max(guesses[0].probability, 0.0), 1.0),
    }


@transaction.atomic
def delete_drawings(drawings: Iterable[Drawing]) -> int:
    """Delete these drawings of one person, all or none, as `delete_drawing` does. Returns how many."""
    deleted = list(drawings)
    for drawing in deleted:
        erase_drawing(drawing)
    deletion_log.append(drawing.uuid for drawing in deleted)
    return len(deleted)


@transaction.atomic
def delete_drawing(*, drawing: Drawing, by: User | None = None) -> None:
    """Delete a drawing and everything about it. `by`: the member of staff who deletes it, for the audit log.

    Raises DeletionLogError.
    """
    if by:
        audit.note(by=by, what="drawing.deleted", subject=f"drawing {drawing.uuid}")
    delete_drawings([drawing])


def erase_drawing(drawing: Drawing) -> None:
    """Delete a drawing and everything about it, without the log of deletions. Call it in a transaction."""
    memory.forget_drawing(drawing=drawing)  # first: it locks the person, and changes the revision of cached memories
    # Saved answers to API requests contain it. They stay, so that a late repetition does not save it again.
    answers = Receipt.objects.filter(person=drawing.author_id, content__contains=str(drawing.uuid))
    gone = {"code": "not_found", "detail": "This was saved and has been deleted since.", "field": None}
    answers.update(status=404, content=json.dumps(gone), headers={})
    DeletedDrawing.objects.get_or_create(uuid=drawing.uuid)
    drawing.delete()
