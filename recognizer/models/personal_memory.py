"""What a person's drawings teach their own answers."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.drawing import Drawing
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label, Recognizer


class Memory(models.Model):
    """What one person's confirmed and corrected drawings of a recognizer teach their own answers.

    Everything that an answer may go by moves the person's revision in the same transaction: a process that holds a
    memory knows by it whether that is still the memory.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memories", verbose_name=_("person")
    )
    recognizer = models.ForeignKey(Recognizer, models.CASCADE, related_name="memories", verbose_name=_("recognizer"))
    enabled = models.BooleanField(_("switched on"), default=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("memory")
        verbose_name_plural = _("memories")
        constraints = [
            models.UniqueConstraint(fields=["person", "recognizer"], name="one_memory_per_person_and_recognizer")
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}: {self.person_id}"


class RememberedQuerySet(models.QuerySet["Remembered"]):
    """Questions about many remembered drawings."""

    def behind(self, version_id: Any) -> Self:
        """Those that this version has not read."""
        return self.exclude(version=version_id)


class Remembered(models.Model):
    """One remembered drawing: what its author said it is, and what a version made of it.

    Rows are ordered as things were said; a drawing of which something else is said is a new row. No version: nobody
    has read it yet.
    """

    memory = models.ForeignKey(Memory, models.CASCADE, related_name="remembered", verbose_name=_("memory"))
    drawing = models.OneToOneField(Drawing, models.CASCADE, related_name="remembered", verbose_name=_("drawing"))
    label = models.ForeignKey(Label, models.PROTECT, related_name="remembered", verbose_name=_("label"))
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, related_name="remembered", verbose_name=_("read by")
    )
    packed = models.BinaryField(
        _("what it made of it"), null=True, help_text=_("See ml.embeddings.personal_memory.pack_answer.")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = RememberedQuerySet.as_manager()

    class Meta:
        verbose_name = _("remembered drawing")
        verbose_name_plural = _("remembered drawings")
        constraints = [
            models.CheckConstraint(
                condition=Q(version__isnull=True, packed__isnull=True) | Q(version__isnull=False, packed__isnull=False),
                name="remembered_names_who_read_it",
            )
        ]

    def __str__(self) -> str:
        return f"{self.drawing_id}: {self.label_id}"
