"""Correction: what the author says a drawing is."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.facts import AppendOnly, ReplacedQuerySet
from recognizer.models.recognizer import Label


class CorrectionQuerySet(ReplacedQuerySet["Correction"]):
    """Querysets of corrections."""

    def saying_something(self) -> Self:
        """Those with a label or "none of these"; not those that only take a correction back."""
        return self.filter(Q(label__isnull=False) | Q(none_of_these=True))


class Correction(AppendOnly, models.Model):
    """What its author says a drawing is, agreement included.

    Without a label: it is none of the recognizer's labels (`none_of_these`), or the author took the correction back.
    """

    class Origin(models.TextChoices):
        """Where the author said it, where that matters."""

        ROUND = "round", _("round")

    drawing = models.ForeignKey("Drawing", models.CASCADE, related_name="corrections", verbose_name=_("drawing"))
    label = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("label")
    )
    none_of_these = models.BooleanField(
        _("none of these"),
        default=False,
        db_default=False,  # for a process of the version before, while a site is upgraded
        help_text=_("The author says that it is none of the recognizer's labels. Such drawings are not trained on."),
    )
    origin = models.CharField(
        _("origin"),
        max_length=8,
        choices=Origin.choices,
        blank=True,
        default="",
        db_default="",  # as above
        help_text=_(
            "Round: the label is what a round asked for, not what the author said after the answer. Such a correction "
            "is never approved without a reviewer, and does not judge the model version that answered."
        ),
    )
    replaces = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        indexes = [models.Index(fields=["created"], name="correction_created")]
        constraints = [
            models.UniqueConstraint(
                fields=["drawing"], condition=Q(replaces__isnull=True), name="one_first_correction_per_drawing"
            ),
            models.CheckConstraint(
                condition=Q(label__isnull=False) | Q(none_of_these=True) | Q(replaces__isnull=False),
                name="first_correction_says_something",
            ),
            models.CheckConstraint(
                condition=Q(label__isnull=True) | Q(none_of_these=False), name="none_of_these_has_no_label"
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")), name="correction_replaces_another"
            ),
        ]

    def __str__(self) -> str:
        return str(self.label or (_("none of these") if self.none_of_these else "–"))
