"""Memory and Remembered: the confirmed drawings that adjust one person's own answers."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.drawing import Drawing
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label, Recognizer


class Memory(models.Model):
    """One person's memory for one recognizer.

    Every change that can change an answer increments the person's revision in the same transaction, so a process
    knows whether the memory in its cache is current.
    """

    person = models.ForeignKey(User, models.CASCADE, related_name="memories", verbose_name=_("person"))
    recognizer = models.ForeignKey(Recognizer, models.CASCADE, related_name="memories", verbose_name=_("recognizer"))
    enabled = models.BooleanField(_("on"), default=True)
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
    """Querysets of remembered drawings."""

    def behind(self, version_id: Any) -> Self:
        """Those that this version has not embedded."""
        return self.exclude(version=version_id)


class Remembered(models.Model):
    """One remembered drawing: its label, and its embedding by a model version.

    Rows are in the order of the corrections: a new correction of the drawing makes a new row. No version: the drawing
    was not embedded yet.
    """

    memory = models.ForeignKey(Memory, models.CASCADE, related_name="remembered", verbose_name=_("memory"))
    drawing = models.OneToOneField(Drawing, models.CASCADE, related_name="remembered", verbose_name=_("drawing"))
    label = models.ForeignKey(Label, models.PROTECT, related_name="remembered", verbose_name=_("label"))
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, related_name="remembered", verbose_name=_("embedded by")
    )
    packed = models.BinaryField(
        _("embedding"), null=True, help_text=_("See ml.embeddings.personal_memory.pack_answer.")
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
