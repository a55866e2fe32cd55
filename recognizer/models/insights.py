"""Summaries for pages that must not count a million rows; `insights.label_checks` updates them in the background.

They may be deleted: everything in them can be computed again.
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
    """The last id of a table that the background job has read."""

    of = models.CharField(max_length=20, unique=True)
    at = models.BigIntegerField(default=0)
    moved = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("bookmark")
        verbose_name_plural = _("bookmarks")

    def __str__(self) -> str:
        return f"{self.of}: {self.at}"


class LabelCheck(models.Model):
    """The label of a corrected drawing beside what model versions predicted for it.

    `version` and `answered` are the first prediction, the one that its author saw. `judge` is the newest version with
    a prediction that was not trained on this drawing: `share` is its probability of the label, `rival` its likeliest
    other label (null: none of the labels), and `margin` is `share` less the probability of `rival`.
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
    """How many drawings of a label are approved, by how many people, and how many wait for a reviewer.

    `confidence` is the mean probability that versions give this label to drawings of it.
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
    """Counts of a version's live answers by drawn and answered label: [[drawn, answered, count], …], as slugs.

    `judged` counts the answers to drawings with a correction; `right_alone` and `right_personal` count the right ones
    among them, without and with the personal memory.
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


class AnswerWeek(models.Model):
    """How a version answered the drawings of one week: the first answers to them, of the model alone.

    `guesses` counts the first guesses by label: {slug: count}. `confidence` is the mean of their probabilities, and
    `spread` the standard deviation.
    """

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="answer_weeks")
    week = models.DateField()
    """Its Monday; weeks begin at midnight UTC."""
    drawings = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    unsure = models.PositiveIntegerField()
    confidence = models.FloatField()
    spread = models.FloatField()
    guesses = models.JSONField()

    class Meta:
        verbose_name = _("answers of a week")
        verbose_name_plural = _("answers of weeks")
        constraints = [models.UniqueConstraint(fields=["version", "week"], name="one_row_per_version_and_week")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.week}"


class WorstMistakes(models.Model):
    """The most confident wrong answers of a version on its recognizer's base test, for the page of the version.

    `found` is a list of {"raster": a PNG in base64, "label" and "answer": slugs, "probability", "source": the name of
    the data set}, the most confident first. `drawings` counts the labelled drawings of the test, `wrong` the wrong
    first guesses, `wrong_and_sure` those among them that were not "not sure". `guesses`, `unsure`, `confidence` and
    `spread` are as in AnswerWeek, of all labelled drawings of the test.
    """

    version = models.OneToOneField(ModelVersion, models.CASCADE, primary_key=True, related_name="worst_mistakes")
    test = models.CharField(max_length=64)
    """SHA-256 of the base test."""
    found = models.JSONField()
    drawings = models.PositiveIntegerField()
    wrong = models.PositiveIntegerField()
    wrong_and_sure = models.PositiveIntegerField()
    guesses = models.JSONField(null=True)
    """First guesses by label, {slug: count}; null in a row of a release before they were counted."""
    unsure = models.PositiveIntegerField(default=0, db_default=0)
    confidence = models.FloatField(default=0.0, db_default=0.0)
    spread = models.FloatField(default=0.0, db_default=0.0)
    counted = models.DateTimeField()

    class Meta:
        verbose_name = _("worst mistakes")
        verbose_name_plural = _("worst mistakes")

    def __str__(self) -> str:
        return str(self.version_id)
