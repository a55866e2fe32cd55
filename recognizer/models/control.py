"""Control: a decided correction with a known answer, shown to reviewers to measure their accuracy."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.correction import Correction
from recognizer.models.facts import AppendOnly
from recognizer.models.recognizer import Label


class ControlQuerySet(models.QuerySet["Control"]):
    """Querysets of controls."""

    def current(self) -> Self:
        """Those that still are controls."""
        return self.filter(ended__isnull=True)


class Control(AppendOnly, models.Model):
    """A decided correction with a known answer, mixed into what reviewers are shown. No label: reject is right.

    `ended` is set once, when it stops being a control; its answers count no longer then.
    """

    correction = models.ForeignKey(Correction, models.CASCADE, related_name="controls", verbose_name=_("correction"))
    label = models.ForeignKey(
        Label,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("known answer"),
        help_text=_("Empty: rejecting it is correct."),
    )
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="controls", verbose_name=_("by"))
    ended = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = ControlQuerySet.as_manager()

    class Meta:
        verbose_name = _("control")
        verbose_name_plural = _("controls")
        permissions = [("mark_controls", _("Can choose control drawings and see the accuracy of reviewers"))]
        constraints = [
            models.UniqueConstraint(
                fields=["correction"], condition=Q(ended__isnull=True), name="one_control_per_correction"
            )
        ]

    def __str__(self) -> str:
        return str(self.label or _("rejected"))
