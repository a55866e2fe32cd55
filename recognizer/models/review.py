"""Review: the decision about a correction."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.correction import Correction
from recognizer.models.facts import AppendOnly, ReplacedQuerySet
from recognizer.models.recognizer import Label


class ReviewQuerySet(ReplacedQuerySet["Review"]):
    """Querysets of reviews."""

    def approving(self) -> Self:
        """Those that let a drawing be used for training: accepted or relabelled, and not undone since."""
        return self.current().filter(label__isnull=False)


class Review(AppendOnly, models.Model):
    """A decision about a correction. `label` is the label to train with; undoing adds one more row."""

    class Decision(models.TextChoices):
        """What was decided."""

        ACCEPTED = "accepted", _("approved")
        RELABELLED = "relabelled", _("approved with another label")
        REJECTED = "rejected", _("rejected")
        UNDONE = "undone", _("undone")

    class Reason(models.TextChoices):
        """Why a drawing must not be used for training."""

        SCRIBBLE = "scribble", _("scribble")
        WRONG_SYMBOL = "wrong-symbol", _("not one of the symbols")
        EMPTY = "empty", _("empty")
        DUPLICATE = "duplicate", _("duplicate")
        OFFENSIVE = "offensive", _("offensive")
        OTHER = "other", _("other")

    correction = models.ForeignKey(Correction, models.CASCADE, related_name="reviews", verbose_name=_("correction"))
    decision = models.CharField(_("decision"), max_length=12, choices=Decision.choices)
    label = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="reviews", verbose_name=_("label")
    )
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices, blank=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="reviews", verbose_name=_("by"))
    automatic = models.BooleanField(
        _("automatic"), default=False, help_text=_("Approved by the policy; no reviewer has seen it.")
    )
    agreed = models.PositiveSmallIntegerField(
        _("agreed"),
        default=1,
        help_text=_("How many agreeing opinions made this decision; 0 where a dispute was settled."),
    )
    replaces = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        indexes = [models.Index(fields=["created"], name="review_created")]
        permissions = [
            ("review_drawings", _("Can review corrections")),
            ("settle_disputes", _("Can decide where reviewers disagree")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["correction"], condition=Q(replaces__isnull=True), name="one_first_review_per_correction"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["accepted", "relabelled"], label__isnull=False)
                | Q(decision__in=["rejected", "undone"], label__isnull=True),
                name="review_label_goes_with_its_decision",
            ),
            models.CheckConstraint(
                condition=Q(decision="rejected") & ~Q(reason="") | ~Q(decision="rejected") & Q(reason=""),
                name="review_rejects_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(decision="undone") | Q(replaces__isnull=False), name="undoing_replaces_a_review"
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")), name="review_replaces_another"
            ),
            models.CheckConstraint(
                condition=Q(automatic=False) | Q(decision="accepted", by__isnull=True),
                name="automatic_reviews_accept",
            ),
        ]

    def __str__(self) -> str:
        return self.get_decision_display()
