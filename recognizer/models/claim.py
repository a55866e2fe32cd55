"""Claim: a reviewer looks at a correction, for a few minutes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.correction import Correction


class Claim(models.Model):
    """Reserves a correction for one reviewer until a time; nobody else is shown it."""

    correction = models.OneToOneField(Correction, models.CASCADE, related_name="claim", verbose_name=_("correction"))
    by = models.ForeignKey(User, models.CASCADE, related_name="claims", verbose_name=_("by"))
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")

    def __str__(self) -> str:
        return f"{self.correction_id}"
