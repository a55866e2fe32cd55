"""BaseTest: the held-out drawings of a recognizer's data sets that every version has to answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.recognizer import Recognizer


class BaseTest(models.Model):
    """The base test of a recognizer (`ml.evaluation.base_test`). It comes with the bundle."""

    recognizer = models.OneToOneField(
        Recognizer, models.CASCADE, primary_key=True, related_name="base_test", verbose_name=_("recognizer")
    )
    content = models.BinaryField(_("content"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    installed = models.DateTimeField(_("installed"), auto_now=True)

    class Meta:
        verbose_name = _("base test")
        verbose_name_plural = _("base tests")
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="base_test_sha256_is_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}: {self.sha256[:12]}"
