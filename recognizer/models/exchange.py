"""Exports of drawings and their chunks, import jobs, and where each imported drawing is from."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.drawing import Drawing
from recognizer.models.facts import AppendOnly


class ExportQuerySet(models.QuerySet["Export"]):
    """Querysets of exports."""

    def open(self) -> Self:
        """Those that wait or are being written."""
        return self.filter(state__in=Export.OPEN)


class Export(models.Model):
    """One file of drawings that a person asked for; written in the background, stored in chunks until it expires."""

    class State(models.TextChoices):
        """How far the export is."""

        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        GONE = "gone", _("expired")

    OPEN = (State.WAITING, State.RUNNING)

    by = models.ForeignKey(User, models.CASCADE, related_name="exports", verbose_name=_("requested by"))
    form = models.CharField(_("format"), max_length=8)
    wanted = models.JSONField(_("filters"), default=dict)
    licence = models.CharField(_("licence"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    total = models.PositiveIntegerField(_("drawings to write"), default=0)
    done = models.PositiveIntegerField(_("drawings written"), default=0)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    heartbeat = models.DateTimeField(_("last heartbeat"), default=timezone.now)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.UniqueConstraint(
                fields=["by"], condition=Q(state__in=["waiting", "running"]), name="one_open_export_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.form})"


class ExportChunk(models.Model):
    """A part of an export's file, and the drawings in it (their ids, eight bytes each)."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="pieces", verbose_name=_("export"))
    number = models.PositiveIntegerField(_("number"))
    content = models.BinaryField(_("content"))
    drawings = models.BinaryField(_("drawings"))

    class Meta:
        ordering = ["export", "number"]
        db_table = "recognizer_piece"
        verbose_name = _("export chunk")
        verbose_name_plural = _("export chunks")
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="one_piece_per_number")]

    def __str__(self) -> str:
        return f"{self.export_id}/{self.number}"


class ImportJob(AppendOnly, models.Model):
    """One import of drawings from a file, and the licence that the operator stated for them."""

    source = models.CharField(_("source"), max_length=200)
    form = models.CharField(_("format"), max_length=8)
    licence = models.CharField(_("licence"), max_length=200, help_text=_("As stated by the operator."))
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        db_table = "recognizer_import"
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.source


class ImportedDrawing(AppendOnly, models.Model):
    """The import and the licence of a drawing that was not drawn on this site. Deleted with the drawing."""

    drawing = models.OneToOneField(Drawing, models.CASCADE, related_name="origin", verbose_name=_("drawing"))
    brought = models.ForeignKey(ImportJob, models.PROTECT, related_name="origins", verbose_name=_("import"))
    licence = models.CharField(_("licence"), max_length=200)

    class Meta:
        db_table = "recognizer_origin"
        verbose_name = _("imported drawing")
        verbose_name_plural = _("imported drawings")

    def __str__(self) -> str:
        return f"{self.drawing_id}: {self.licence}"
