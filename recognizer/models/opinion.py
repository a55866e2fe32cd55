"""Opinion: what one reviewer says about one correction."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.control import Control
from recognizer.models.correction import Correction
from recognizer.models.facts import AppendOnly
from recognizer.models.recognizer import Label
from recognizer.models.review import Review


class OpinionQuerySet(models.QuerySet["Opinion"]):
    """Querysets of opinions."""

    def current(self) -> Self:
        """Those that were not withdrawn."""
        return self.filter(withdrawn__isnull=True)

    def deciding(self) -> Self:
        """Those that count towards a review: not withdrawn, and not the answer to a control."""
        return self.current().filter(control__isnull=True)


class Opinion(AppendOnly, models.Model):
    """What one reviewer says about one correction. When as many agree as the policy asks for, they make a review.

    `withdrawn` is set once, when the reviewer undoes it; nothing else changes.
    """

    correction = models.ForeignKey(
        Correction, models.CASCADE, db_index=False, related_name="opinions", verbose_name=_("correction")
    )
    decision = models.CharField(_("decision"), max_length=12, choices=Review.Decision.choices)
    label = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("label")
    )
    reason = models.CharField(_("reason"), max_length=12, choices=Review.Reason.choices, blank=True)
    by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, db_index=False, related_name="opinions", verbose_name=_("by")
    )
    control = models.ForeignKey(
        Control, models.CASCADE, null=True, blank=True, related_name="answers", verbose_name=_("control")
    )
    shared = models.BooleanField(
        _("shared"),
        default=False,
        help_text=_("Other reviewers are asked too, so that their agreement can be measured."),
    )
    withdrawn = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = OpinionQuerySet.as_manager()

    class Meta:
        verbose_name = _("opinion")
        verbose_name_plural = _("opinions")
        indexes = [
            models.Index(fields=["correction", "by"], name="opinion_of_correction"),
            models.Index(fields=["by", "id"], name="opinion_of_reviewer"),
            models.Index(
                fields=["correction", "by"], condition=Q(shared=True, withdrawn__isnull=True), name="opinion_shared"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["correction", "by"], condition=Q(withdrawn__isnull=True), name="one_opinion_per_reviewer"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["accepted", "relabelled"], label__isnull=False, reason="")
                | Q(decision="rejected", label__isnull=True) & ~Q(reason=""),
                name="opinion_goes_with_its_decision",
            ),
        ]

    def __str__(self) -> str:
        return self.get_decision_display()
