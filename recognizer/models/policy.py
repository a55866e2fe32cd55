"""Policy: when a recognizer is trained, and what may happen without a person."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from recognizer.models.recognizer import Recognizer


class Policy(models.Model):
    """When a recognizer is taught by itself, and what may happen without a person."""

    recognizer = models.OneToOneField(Recognizer, models.CASCADE, related_name="policy", verbose_name=_("recognizer"))
    train_after = models.PositiveIntegerField(
        _("train after"),
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("Newly approved corrections that start a training run."),
    )
    train_every_days = models.PositiveIntegerField(
        _("train every (days)"),
        default=7,
        validators=[MinValueValidator(1)],
        help_text=_("A run starts this long after the last one if anything was approved since."),
    )
    cap = models.PositiveIntegerField(
        _("cap"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("Drawings of one author and label that teach; the newest count."),
    )
    goal = models.PositiveIntegerField(
        _("goal"),
        default=500,
        validators=[MinValueValidator(1)],
        help_text=_("Approved drawings wanted of each label; the sheet asks more often for what lacks them."),
    )
    opinions = models.PositiveSmallIntegerField(
        _("opinions"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(9)],
        help_text=_("Reviewers who must agree before a drawing is decided; none of them sees what another one said."),
    )
    opinions_share = models.FloatField(
        _("share that needs several"),
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_(
            "Of the drawings, from 0 to 1, on which so many opinions are asked; the others need one. "
            "Which ones is fixed by a secret number of each drawing."
        ),
    )
    control_share = models.FloatField(
        _("share of controls"),
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text=_(
            "Of what a reviewer is shown, from 0 to 0.5: decided drawings with a known answer, "
            "which look like all others. Mark some first, in the list of reviews."
        ),
    )
    auto_accept = models.BooleanField(
        _("accept without review"), default=False, help_text=_("Corrections teach although nobody has looked at them.")
    )
    auto_promote = models.BooleanField(
        _("promote when the gate passes"), default=True, help_text=_("Otherwise somebody has to.")
    )
    auto_rollback = models.BooleanField(
        _("roll back when people correct it more"),
        default=True,
        help_text=_("The version before comes back when the new one is corrected clearly more often."),
    )
    rollback_margin = models.FloatField(
        _("rollback margin"),
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("How much higher, as a share, the live correction rate must be before it is rolled back."),
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return str(self.recognizer)
