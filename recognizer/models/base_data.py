"""BaseDataSet: a data set that base versions were trained on, as the trainer finds it on its disk, and its download."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BaseDataSet(models.Model):
    """What the trainer last said about one data set on its disk, and whether it has to download it.

    The trainer may be another machine than the web process, with a disk of its own. So the web process only asks, and
    only the trainer writes `report`, `progress` and `error`. Each change of the state is a conditional update, so two
    processes never make the same one. `lease` identifies the task that downloads; that task updates `heartbeat`. While
    a download waits, `heartbeat` is the time at which its message was sent. Who asked for it is in the audit log.
    """

    class State(models.TextChoices):
        """Whether it is downloaded."""

        IDLE = "idle", _("idle")
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")

    name = models.CharField(_("name"), max_length=40, unique=True, help_text=_("As in ml.data.sources."))
    report = models.JSONField(_("report"), default=dict)
    asked = models.DateTimeField(_("asked for a report"), null=True)
    reported = models.DateTimeField(_("reported"), null=True)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.IDLE)
    progress = models.JSONField(_("progress"), default=dict)
    error = models.TextField(_("error"), blank=True, help_text=_("Why the last download is not complete."))
    lease = models.UUIDField(_("lease"), null=True, editable=False)
    heartbeat = models.DateTimeField(_("heartbeat"), null=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("base data set")
        verbose_name_plural = _("base data sets")
        default_permissions = ()
        permissions = [("download_base_data", _("Can see and download base data"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", lease__isnull=False) | (~Q(state="running") & Q(lease__isnull=True)),
                name="running_downloads_hold_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state="idle") | Q(heartbeat__isnull=False), name="open_downloads_have_a_heartbeat"
            ),
        ]

    def __str__(self) -> str:
        return self.name
