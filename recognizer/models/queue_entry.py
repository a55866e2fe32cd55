"""QueueEntry: a correction in the review queue, with the columns that order and filter the queue."""

from __future__ import annotations

from enum import IntFlag
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.correction import Correction
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label, Recognizer


class Use(IntFlag):
    """Reasons why reviewing a correction is useful. Their sum orders the queue: the largest comes first."""

    SCARCE = 1  # few corrections of this label were decided so far
    UNSURE = 2  # the model was not sure
    DIFFERS = 4  # author and model disagree
    SUSPICIOUS = 8  # far fewer or more points than this label usually has, or unlike others of it
    FRESH = 16  # its author has drawn nothing nearly the same with this label


class QueueEntryQuerySet(models.QuerySet["QueueEntry"]):
    """Queue entries, filtered by their state."""

    def waiting(self) -> Self:
        """Those that nobody has decided."""
        return self.filter(waits=True)

    def disputed(self) -> Self:
        """Those about which reviewers disagree."""
        return self.filter(disputed=True)


class QueueEntry(models.Model):
    """A current correction that names a label, with the columns that order and filter the review queue.

    It repeats what other tables say, so that an index finds the first page of a queue of a million corrections.
    `recognizer.review.queue` updates it in the transactions that change corrections and reviews.
    """

    correction = models.OneToOneField(
        Correction, models.CASCADE, primary_key=True, related_name="queue_entry", verbose_name=_("correction")
    )
    waits = models.BooleanField(_("waiting"), help_text=_("Nobody has decided it."))
    disputed = models.BooleanField(
        _("disputed"), default=False, help_text=_("Reviewers disagree. Someone who may settle disputes has to decide.")
    )
    usefulness = models.PositiveSmallIntegerField(_("usefulness"))
    recognizer = models.ForeignKey(
        Recognizer, models.CASCADE, related_name="+", db_index=False, verbose_name=_("recognizer")
    )
    label = models.ForeignKey(Label, models.CASCADE, related_name="+", db_index=False, verbose_name=_("label"))
    author = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False, verbose_name=_("author"))
    version = models.ForeignKey(
        ModelVersion,
        models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("version that answered first"),
    )
    points = models.PositiveIntegerField(
        _("points"), null=True, help_text=_("Number of points of the ink; empty for a picture.")
    )
    oddness = models.FloatField(
        _("outlier score"), null=True, help_text=_("Above 1: unlike other drawings of its label. Empty: not measured.")
    )
    shape = models.BigIntegerField(
        _("shape"), null=True, help_text=_("The drawing in 49 bits, to find drawings that are nearly the same.")
    )

    objects = QueueEntryQuerySet.as_manager()

    class Meta:
        db_table = "recognizer_place"
        verbose_name = _("queue entry")
        verbose_name_plural = _("queue entries")
        indexes = [
            models.Index(fields=["-usefulness", "correction"], condition=Q(waits=True), name="place_useful"),
            models.Index(fields=["correction"], condition=Q(waits=True), name="place_oldest"),
            models.Index(
                fields=["recognizer", "-usefulness", "correction"], condition=Q(waits=True), name="place_of_recognizer"
            ),
            models.Index(fields=["label", "-usefulness", "correction"], condition=Q(waits=True), name="place_of_label"),
            models.Index(
                fields=["version", "-usefulness", "correction"], condition=Q(waits=True), name="place_of_version"
            ),
            models.Index(
                fields=["author", "-usefulness", "correction"], condition=Q(waits=True), name="place_of_author"
            ),
            models.Index(fields=["author", "label", "-correction"], name="place_twins"),
            models.Index(fields=["label", "-correction"], condition=Q(waits=False), name="place_decided"),
            models.Index(fields=["recognizer", "correction"], condition=Q(disputed=True), name="place_disputed"),
            models.Index(fields=["-correction"], condition=Q(waits=True, oddness=None), name="place_unmeasured"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(disputed=False) | Q(waits=False), name="disputed_waits_for_nobody_else")
        ]

    def __str__(self) -> str:
        return f"{self.correction_id}"

    @property
    def is_odd(self) -> bool:
        """Whether it is unlike other drawings of its label, see `recognizer.review.outliers`."""
        return self.oddness is not None and self.oddness > 1

    @property
    def uses(self) -> Use:
        """The reasons that make up `usefulness`."""
        return Use(self.usefulness)
