"""Drawing: ink or an uploaded picture, its author and its recognizer."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ml.preprocessing.content import Content
from recognizer.models.correction import Correction
from recognizer.models.facts import AppendOnly
from recognizer.models.model_version import heavy_fields
from recognizer.models.prediction import ANSWERED, PersonalAnswerReason, Prediction
from recognizer.models.queue_entry import QueueEntry
from recognizer.models.recognizer import Label, Recognizer

KEEP_IDS_FOR = timedelta(days=365)  # of deleted drawings
_HEAVY = heavy_fields("model_version")
_DOUBTED = Coalesce("personal__unsure", "unsure")


class DrawingQuerySet(models.QuerySet["Drawing"]):
    """Querysets of drawings."""

    def by(self, author: Any) -> Self:
        """This person's drawings, the newest first."""
        return self.filter(author=author).order_by("-id")

    def with_answers(self) -> Self:
        """With predictions, personal answers and the current correction, in a fixed number of queries.

        Images are not read: a drawing without ink is an image.
        """
        current = Correction.objects.current().select_related("label")
        return (
            self.select_related("recognizer")
            .defer("image")
            .prefetch_related(
                Prefetch(
                    "predictions",
                    Prediction.objects.select_related("label", "model_version", "personal__label")
                    .prefetch_related(Prefetch("personal__reasons", PersonalAnswerReason.objects.with_drawings()))
                    .defer(*_HEAVY)
                    .order_by("-id"),
                ),
                Prefetch("corrections", current, to_attr="current_corrections"),
            )
        )

    def labelled(self, slug: str) -> Self:
        """Those of this label by their author's correction, or, without one, by a first answer that was sure."""
        labels = Label.objects.filter(slug=slug).values("pk")
        found = self._with_verdicts()
        return found.filter(Q(said__in=labels) | Q(said__isnull=True, other=False, guessed__in=labels, doubted=False))

    def said_to_be(self, slug: str) -> Self:
        """Those that their author says are of this label.

        A current correction with a label is in the queue, decided or not, and an index of the queue finds those of an
        author and a label.
        """
        named = QueueEntry.objects.filter(correction__drawing=OuterRef("pk"), author=OuterRef("author"))
        return self._with_verdicts().filter(Exists(named.filter(label__in=Label.objects.filter(slug=slug))))

    def corrected(self) -> Self:
        """Those with a current correction: a label, or "none of these"."""
        return self._with_verdicts().filter(Q(said__isnull=False) | Q(other=True))

    def uncorrected(self) -> Self:
        """Those without a correction, or whose correction was taken back."""
        return self._with_verdicts().filter(said__isnull=True, other=False)

    def none_of_these(self) -> Self:
        """Those that their author says are none of the recognizer's labels."""
        return self._with_verdicts().filter(other=True)

    def agreed(self) -> Self:
        """Those whose correction is the first answer."""
        return self._with_verdicts().filter(said=F("guessed"))

    def overruled(self) -> Self:
        """Those whose correction differs from the first answer."""
        return self._with_verdicts().exclude(said=F("guessed"))  # in SQL, NULL differs from nothing

    def unsure(self) -> Self:
        """Those whose first answer was "not sure"."""
        return self._with_verdicts().filter(doubted=True)

    def _with_verdicts(self) -> Self:
        """With the first answer and the correction as subqueries: a join would read everybody's rows for one page."""
        answers = Prediction.objects.annotate(answered=ANSWERED, was_doubted=_DOUBTED)
        first = answers.filter(drawing=OuterRef("pk")).order_by("id")
        said = Correction.objects.current().filter(drawing=OuterRef("pk"))
        return self.alias(
            guessed=Subquery(first.values("answered")[:1]),
            doubted=Subquery(first.values("was_doubted")[:1]),
            said=Subquery(said.values("label")[:1]),
            other=Exists(said.filter(none_of_these=True)),
        )


class DeletedDrawingQuerySet(models.QuerySet["DeletedDrawing"]):
    """Querysets of ids of deleted drawings."""

    def expired(self) -> Self:
        """Those of drawings that were deleted so long ago that no device sends them any more."""
        return self.filter(created__lte=timezone.now() - KEEP_IDS_FOR)


class DeletedDrawing(models.Model):
    """The id of a drawing that was deleted: a device that sends it late must not bring it back. Says nothing else."""

    uuid = models.UUIDField(primary_key=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = DeletedDrawingQuerySet.as_manager()

    class Meta:
        verbose_name = _("id of a deleted drawing")
        verbose_name_plural = _("ids of deleted drawings")

    def __str__(self) -> str:
        return str(self.uuid)


class Drawing(AppendOnly, models.Model):
    """Ink or an image, its author, and the recognizer that it was drawn for."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recognizer = models.ForeignKey(Recognizer, models.PROTECT, related_name="drawings", verbose_name=_("recognizer"))
    author = models.ForeignKey(User, models.CASCADE, related_name="drawings", verbose_name=_("author"))
    ink = models.JSONField(_("ink"), null=True, help_text=_("Strokes: [[[x…], [y…], [t…]], …]."))
    image = models.BinaryField(_("picture"), null=True, help_text=_("The uploaded picture as a grey PNG."))
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = DrawingQuerySet.as_manager()
    current_corrections: list[Correction]  # at most one; set by with_answers()

    class Meta:
        verbose_name = _("drawing")
        verbose_name_plural = _("drawings")
        indexes = [
            models.Index(fields=["author", "-id"], name="drawing_by_author"),
            models.Index(fields=["created"], name="drawing_created"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ink__isnull=False, image__isnull=True) | Q(ink__isnull=True, image__isnull=False),
                name="drawing_is_ink_or_image",
            )
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}/{self.uuid}"

    @property
    def current_correction(self) -> Correction | None:
        """The correction that counts, of a drawing read by `with_answers`."""
        return next(iter(self.current_corrections), None)

    def content(self) -> Content:
        """The ink or image, checked, ready to be rasterised.

        Raises InkError or ImageError if limits became stricter after the drawing was saved.
        """
        if self.ink is not None:  # checked first: `with_answers` defers the picture
            return Content.from_ink(self.ink)
        return Content.from_image(bytes(self.image or b""))
