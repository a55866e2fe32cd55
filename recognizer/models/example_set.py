"""ExampleSet: the drawings that show people how each label of a recognizer is usually drawn."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.recognizer import Recognizer


class ExampleSet(models.Model):
    """The example drawings of a recognizer (`ml.evaluation.examples`). They come with the bundle."""

    recognizer = models.OneToOneField(
        Recognizer, models.CASCADE, primary_key=True, related_name="example_set", verbose_name=_("recognizer")
    )
    content = models.JSONField(_("content"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    installed = models.DateTimeField(_("installed"), auto_now=True)

    class Meta:
        verbose_name = _("example drawings")
        verbose_name_plural = _("example drawings")
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="example_set_sha256_is_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}: {self.sha256[:12]}"
