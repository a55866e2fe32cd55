"""Summaries of the facts, for pages that must not count a million rows: kept up in the background (`label_checks`).

Unlike facts they may be thrown away: everything in them can be read again.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.correction import Correction
from recognizer.models.drawing import Drawing
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label, Recognizer


class Bookmark(models.Model):
    """How far the background has read in a table of facts: up to this id."""

    of = models.CharField(max_length=20, unique=True)
    at = models.BigIntegerField(default=0)
    moved = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("bookmark")
        verbose_name_plural = _("bookmarks")

    def __str__(self) -> str:
        return f"{self.of}: {self.at}"


class LabelCheck(models.Model):
    """What a drawing is held for, beside what versions said about it. Drawings of which nobody says anything have none.

    `version` and `answered` are the live answer, the first that the drawing got. `judge` is the newest version that
    answered and was not taught with this drawing; `share` is what it gives the label, `rival` what it gives the most
    among the others (none: it takes the drawing for no label at all), `margin` the first less the second.
    """

    drawing = models.OneToOneField(Drawing, models.CASCADE, primary_key=True, related_name="label_check")
    correction = models.OneToOneField(Correction, models.CASCADE, related_name="label_check")
    recognizer = models.ForeignKey(Recognizer, models.CASCADE, related_name="+", db_index=False)
    label = models.ForeignKey(Label, models.CASCADE, related_name="+", db_index=False)
    approved = models.BooleanField()
    version = models.ForeignKey(ModelVersion, models.CASCADE, null=True, related_name="+", db_index=False)
    answered = models.ForeignKey(Label, models.CASCADE, null=True, related_name="+", db_index=False)
    judge = models.ForeignKey(ModelVersion, models.CASCADE, null=True, related_name="+", db_index=False)
    share = models.FloatField(null=True)
    rival = models.ForeignKey(Label, models.CASCADE, null=True, related_name="+", db_index=False)
    rival_share = models.FloatField(null=True)
    margin = models.FloatField(null=True)

    class Meta:
        verbose_name = _("label check")
        verbose_name_plural = _("label checks")
        indexes = [
            models.Index(fields=["version", "label", "answered", "-drawing"], name="label_check_cell"),
            models.Index(
                fields=["recognizer", "margin", "drawing"],
                condition=Q(approved=True, margin__lt=0),
                name="label_check_doubtful",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.drawing_id}: {self.label_id}"


class Coverage(models.Model):
    """How much there is of a label: approved drawings, by how many people, and how many wait for a reviewer.

    `confidence` is what versions give this label on average to drawings that are held for it.
    """

    label = models.OneToOneField(Label, models.CASCADE, primary_key=True, related_name="coverage")
    drawings = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    confidence = models.FloatField(null=True)
    counted = models.DateTimeField()

    class Meta:
        verbose_name = _("coverage")
        verbose_name_plural = _("coverage")

    def __str__(self) -> str:
        return f"{self.label_id}: {self.drawings}"


class Confusion(models.Model):
    """How often the live answers of a version took a label for which: [[drawn, answered, times], …], as slugs.

    And of how many their authors said what they are, and how many they found right: as the model alone said it, and as
    they got it.
    """

    version = models.OneToOneField(ModelVersion, models.CASCADE, primary_key=True, related_name="confusion")
    counts = models.JSONField()
    judged = models.PositiveIntegerField(default=0)
    right_alone = models.PositiveIntegerField(default=0)
    right_personal = models.PositiveIntegerField(default=0)
    counted = models.DateTimeField()

    class Meta:
        verbose_name = _("confusion")
        verbose_name_plural = _("confusions")

    def __str__(self) -> str:
        return str(self.version_id)
