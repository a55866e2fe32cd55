"""Correction: what the author says a drawing is."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.facts import AppendOnly, ReplacedQuerySet
from recognizer.models.recognizer import Label


class Correction(AppendOnly, models.Model):
    """What its author says a drawing is, agreement included. No label: the author took it back."""

    drawing = models.ForeignKey("Drawing", models.CASCADE, related_name="corrections", verbose_name=_("drawing"))
    label = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("label")
    )
    replaces = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = ReplacedQuerySet["Correction"].as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        indexes = [models.Index(fields=["created"], name="correction_created")]
        constraints = [
            models.UniqueConstraint(
                fields=["drawing"], condition=Q(replaces__isnull=True), name="one_first_correction_per_drawing"
            ),
            models.CheckConstraint(
                condition=Q(label__isnull=False) | Q(replaces__isnull=False), name="first_correction_names_a_label"
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")), name="correction_replaces_another"
            ),
        ]

    def __str__(self) -> str:
        return str(self.label or "–")
