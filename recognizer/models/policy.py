"""Policy: when a recognizer is trained, and what may happen without a person."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from recognizer.models.recognizer import Recognizer


class Policy(models.Model):
    """When a recognizer is trained, and what may happen without a person."""

    recognizer = models.OneToOneField(Recognizer, models.CASCADE, related_name="policy", verbose_name=_("recognizer"))
    train_after = models.PositiveIntegerField(
        _("train after"),
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("Number of newly approved corrections that starts a training run."),
    )
    train_every_days = models.PositiveIntegerField(
        _("train every (days)"),
        default=7,
        validators=[MinValueValidator(1)],
        help_text=_("A training run starts this long after the last one if anything was approved since."),
    )
    cap = models.PositiveIntegerField(
        _("limit per author and label"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("At most this many drawings of one author and label are used for training, the newest ones."),
    )
    goal = models.PositiveIntegerField(
        _("goal"),
        default=500,
        validators=[MinValueValidator(1)],
        help_text=_(
            "Approved drawings wanted for each label. The drawing page asks more often for labels that have fewer."
        ),
    )
    opinions = models.PositiveSmallIntegerField(
        _("reviewers who must agree"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(9)],
        help_text=_(
            "How many reviewers must agree before a drawing is decided. Before that, no reviewer sees other opinions."
        ),
    )
    opinions_share = models.FloatField(
        _("share that needs several reviewers"),
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_(
            "Share of the drawings, from 0 to 1, that need so many reviewers; the others need one. "
            "Which drawings these are is fixed, and reviewers cannot predict it."
        ),
    )
    control_share = models.FloatField(
        _("share of control drawings"),
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text=_(
            "Share of control drawings among those that a reviewer is shown, from 0 to 0.5. A control drawing has a "
            "known answer and looks like all others. Choose some first, in the list of reviews."
        ),
    )
    auto_accept = models.BooleanField(
        _("approve without review"),
        default=False,
        help_text=_("Corrections are used for training although no reviewer has seen them."),
    )
    auto_promote = models.BooleanField(
        _("promote a version that passes the gate"), default=True, help_text=_("Otherwise a person has to promote it.")
    )
    auto_rollback = models.BooleanField(
        _("roll back when the correction rate rises"),
        default=True,
        help_text=_("The previous version becomes live again when people correct the new one clearly more often."),
    )
    rollback_margin = models.FloatField(
        _("rollback margin"),
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_(
            "How much higher the correction rate of the new version must be before it is rolled back, as a share."
        ),
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return str(self.recognizer)
