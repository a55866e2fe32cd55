"""ModelVersion and Promotion: trained networks, and which of them is live."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from recognizer.models.facts import AppendOnly
from recognizer.models.recognizer import Recognizer

OTHER_FILES = ("keras", "rehearsal", "glyphs")  # of a bundle, besides the one that answers
WEIGHTS = ("tflite", *OTHER_FILES)
HEAVY_FIELDS = ("manifest", *WEIGHTS)  # megabytes in each row


def heavy_fields(*paths: str) -> list[str]:
    """What a query must defer that reads versions along these paths: `model_version__tflite` and so on."""
    return [f"{path}__{field}" for path in paths for field in HEAVY_FIELDS]


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    """Querysets of model versions."""

    def light(self) -> Self:
        """Without the weights and the manifest, which are megabytes in each row."""
        return self.defer(*HEAVY_FIELDS)


class ModelVersion(AppendOnly, models.Model):
    """One trained network of a recognizer with its labels, as one verified bundle. Lists read it `light()`."""

    recognizer = models.ForeignKey(Recognizer, models.PROTECT, related_name="versions", verbose_name=_("recognizer"))
    number = models.PositiveIntegerField(_("number"))
    manifest = models.JSONField(_("manifest"))
    tflite = models.BinaryField(_("LiteRT model"))
    keras = models.BinaryField(_("Keras model"))
    rehearsal = models.BinaryField(_("replay pack"), default=b"", blank=True)
    glyphs = models.BinaryField(_("shapes of labels"), default=b"", db_default=b"", blank=True)
    sha256 = models.CharField(_("SHA-256 of the LiteRT model"), max_length=64)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["recognizer", "-number"]
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint(fields=["recognizer", "number"], name="one_version_per_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_numbers_start_at_1"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="version_sha256_is_hex"),
        ]

    def __str__(self) -> str:
        return pgettext_lazy("model version", "version %(number)d") % {"number": self.number}


class Promotion(AppendOnly, models.Model):
    """The moment a version became live. The newest promotion counts; one that replaces an older one is refused."""

    recognizer = models.ForeignKey(Recognizer, models.PROTECT, related_name="promotions", verbose_name=_("recognizer"))
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="promotions", verbose_name=_("model version")
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=200)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        indexes = [models.Index(fields=["recognizer", "-id"], name="promotion_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["recognizer"], condition=Q(replaces__isnull=True), name="one_first_promotion_per_recognizer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}: {self.model_version_id}"
