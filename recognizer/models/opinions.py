"""What models and authors say about a drawing."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.facts import AppendOnly
from recognizer.models.recognizer import Label
from recognizer.models.version import ModelVersion


class Prediction(AppendOnly, models.Model):
    """The ranked answer of one model version to one drawing."""

    drawing = models.ForeignKey("Drawing", models.CASCADE, related_name="predictions", verbose_name=_("drawing"))
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="predictions", verbose_name=_("model version")
    )
    guesses = models.JSONField(_("guesses"), help_text=_("[[label slug, probability], …], the likeliest first."))
    label = models.ForeignKey(Label, models.PROTECT, related_name="predictions", verbose_name=_("first guess"))
    probability = models.FloatField(_("probability"))
    unsure = models.BooleanField(_("not sure"))
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        indexes = [models.Index(fields=["drawing", "id"], name="prediction_first")]  # the live answer of a drawing
        constraints = [
            models.UniqueConstraint(fields=["drawing", "model_version"], name="one_prediction_per_version"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="prediction_probability_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.probability:.0%})"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    """Questions about many corrections."""

    def standing(self) -> Self:
        """Those that no later one replaces."""
        return self.filter(replaced_by__isnull=True)


class Correction(AppendOnly, models.Model):
    """What its author says a drawing is; agreeing counts. No label means: taken back."""

    drawing = models.ForeignKey("Drawing", models.CASCADE, related_name="corrections", verbose_name=_("drawing"))
    label = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("label")
    )
    replaces = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
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
