"""Where a correction stands among those that wait for a reviewer."""

from __future__ import annotations

from enum import IntFlag
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.correction import Correction
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label, Recognizer


class Use(IntFlag):
    """What makes looking at a correction useful. As one number they are the order: the largest comes first."""

    SCARCE = 1  # few of this label were looked at so far
    UNSURE = 2  # the model was not sure
    DIFFERS = 4  # author and model disagree
    SUSPICIOUS = 8  # far fewer or more points than this label usually has, or unlike others of it
    FRESH = 16  # its author has not said the same of nearly the same drawing


class QueueEntryQuerySet(models.QuerySet["QueueEntry"]):
    """Queue entries, filtered by their state."""

    def waiting(self) -> Self:
        """Those of corrections that nobody has decided."""
        return self.filter(waits=True)

    def disputed(self) -> Self:
        """Those of corrections that reviewers do not agree on."""
        return self.filter(disputed=True)


class QueueEntry(models.Model):
    """A standing correction that names a label, and what orders and filters the queue.

    Not a fact but kept beside the facts, so that the first page of a queue of a million is found by an index.
    It follows them in the transactions that write them, see `recognizer.review.queue`.
    """

    correction = models.OneToOneField(
        Correction, models.CASCADE, primary_key=True, related_name="queue_entry", verbose_name=_("correction")
    )
    waits = models.BooleanField(_("waits"), help_text=_("Nobody has decided it."))
    disputed = models.BooleanField(
        _("disputed"), default=False, help_text=_("Reviewers do not agree; it waits for who settles disputes.")
    )
    usefulness = models.PositiveSmallIntegerField(_("usefulness"))
    recognizer = models.ForeignKey(
        Recognizer, models.CASCADE, related_name="+", db_index=False, verbose_name=_("recognizer")
    )
    label = models.ForeignKey(Label, models.CASCADE, related_name="+", db_index=False, verbose_name=_("label"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, verbose_name=_("author")
    )
    version = models.ForeignKey(
        ModelVersion,
        models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("version that answered first"),
    )
    points = models.PositiveIntegerField(_("points"), null=True, help_text=_("Of its ink; none for a picture."))
    oddness = models.FloatField(
        _("oddness"), null=True, help_text=_("Above 1 it is unlike others of its label; none: nobody has measured it.")
    )
    shape = models.BigIntegerField(_("shape"), null=True, help_text=_("A coarse picture in 49 bits, to find twins by."))

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
        """Whether it is unlike others of its label, see `recognizer.review.outliers`."""
        return self.oddness is not None and self.oddness > 1

    @property
    def uses(self) -> Use:
        """Why it stands where it stands."""
        return Use(self.usefulness)
