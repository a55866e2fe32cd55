"""Process: a process of the site, as it last reported itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ProcessQuerySet(models.QuerySet["Process"]):
    """Querysets of processes."""

    def reported_within(self, time: timedelta) -> Self:
        """Those that reported themselves lately, by the clock of the database."""
        return self.filter(seen__gte=Now() - time)


class Process(models.Model):
    """A process and its last report. `recognizer.operations.processes` writes it and deletes old ones."""

    class Kind(models.TextChoices):
        """What the process does."""

        WEB = "web", _("web")
        WORKER = "worker", _("worker")
        TRAINER = "trainer", _("trainer")
        BEAT = "beat", _("beat")

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    host = models.CharField(_("host"), max_length=64)
    pid = models.PositiveIntegerField(_("process number"))
    started = models.DateTimeField(_("started"))
    seen = models.DateTimeField(_("last report"))
    versions = models.JSONField(_("versions"), default=dict, help_text=_("Slug of a recognizer: version in use."))
    errors = models.PositiveIntegerField(_("errors"), default=0, help_text=_("Errors in its log since its start."))
    last_error = models.DateTimeField(_("last error"), null=True)

    objects = ProcessQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "host", "pid"]
        verbose_name = _("process")
        verbose_name_plural = _("processes")
        default_permissions = ()
        permissions = [("see_operations", _("Can see what runs, waits and failed"))]

    def __str__(self) -> str:
        return f"{self.kind} {self.host} {self.pid}"
