"""TrainingRun and SnapshotItem: attempts to train a recognizer, and the drawings that each one used."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.drawing import Drawing
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label, Recognizer

# The verdicts of the gate that end a run as refused, and that say more than that.
RESULTS = {"no-better": _("no better"), "not-enough-evidence": _("not enough evidence")}


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    """Querysets of training runs."""

    def open(self) -> Self:
        """Those that have not ended."""
        return self.filter(state__in=[TrainingRun.State.WAITING, TrainingRun.State.RUNNING])


class TrainingRun(models.Model):
    """One attempt to train a recognizer, from the decision to train to the verdict of the gate.

    Its state changes from waiting to running, then to passed, refused, failed or cancelled. Each change is a
    conditional update, so two processes never make the same one. `lease` identifies the task that executes the run;
    that task updates `heartbeat`.
    """

    class State(models.TextChoices):
        """How far the run is."""

        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        PASSED = "passed", _("passed")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Mode(models.TextChoices):
        """Which layers are trained."""

        FULL = "full", _("all layers")
        HEAD = "head", _("last layer")

    recognizer = models.ForeignKey(
        Recognizer, models.PROTECT, related_name="training_runs", verbose_name=_("recognizer")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why the run is in this state."))
    trigger = models.CharField(_("why it started"), max_length=200)
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    mode = models.CharField(_("mode"), max_length=4, choices=Mode.choices, blank=True)
    base = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("base")
    )
    champion = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("champion")
    )
    version = models.OneToOneField(
        ModelVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="training_run",
        verbose_name=_("model version"),
    )
    snapshot = models.JSONField(
        _("snapshot"), default=dict, help_text=_("Digest and counts of the drawings that it was trained on.")
    )
    progress = models.JSONField(_("progress"), default=dict)
    log = models.TextField(_("log"), blank=True)
    verdict = models.JSONField(_("verdict"), default=dict)
    cancelling = models.BooleanField(_("cancellation requested"), default=False)
    lease = models.UUIDField(_("lease"), null=True, editable=False)
    heartbeat = models.DateTimeField(_("heartbeat"), null=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    started = models.DateTimeField(_("started"), null=True)
    finished = models.DateTimeField(_("finished"), null=True)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        constraints = [
            models.UniqueConstraint(
                fields=["recognizer"],
                condition=Q(state__in=["waiting", "running"]),
                name="one_open_training_run_per_recognizer",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease__isnull=False, heartbeat__isnull=False, started__isnull=False),
                name="running_holds_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], finished__isnull=True)
                | Q(state__in=["passed", "refused", "failed", "cancelled"], finished__isnull=False),
                name="closed_runs_are_finished",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "failed", "cancelled"]) | ~Q(reason=""),
                name="closed_runs_say_why",
            ),
            models.CheckConstraint(
                condition=~Q(state="passed") | Q(version__isnull=False), name="passed_runs_made_a_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recognizer} {self.pk}: {self.get_result_display()}"

    @property
    def result(self) -> str:
        """The state; of a run that the gate refused without finding anything worse, the verdict: a key of RESULTS."""
        outcome = self.verdict.get("outcome", "") if self.state == self.State.REFUSED else ""
        return outcome if outcome in RESULTS else self.state

    def get_result_display(self) -> str:
        """The result in words."""
        return str(RESULTS.get(self.result) or self.get_state_display())


class SnapshotItem(models.Model):
    """One approved drawing in a run's snapshot, for training or for the exam. Deleted with the drawing."""

    class Part(models.TextChoices):
        """What the drawing is used for."""

        STUDY = "study", _("trained on")
        EXAM = "exam", _("tested on")

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="items", verbose_name=_("training run"))
    drawing = models.ForeignKey(Drawing, models.CASCADE, related_name="snapshots", verbose_name=_("drawing"))
    label = models.ForeignKey(Label, models.PROTECT, related_name="+", verbose_name=_("label"))
    part = models.CharField(_("part"), max_length=5, choices=Part.choices)
    before = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("the champion's answer")
    )
    after = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("the challenger's answer")
    )

    class Meta:
        verbose_name = _("snapshot item")
        verbose_name_plural = _("snapshot items")
        indexes = [
            models.Index(
                fields=["run", "label", "after", "-drawing"], condition=Q(part="exam"), name="snapshot_exam_after"
            ),
            models.Index(
                fields=["run", "label", "before", "-drawing"], condition=Q(part="exam"), name="snapshot_exam_before"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "drawing"], name="a_drawing_is_once_in_a_snapshot"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.drawing_id}"
