"""Training runs: to read; they are watched and stopped on pages of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from recognizer.admin.drawings import ReadOnlyAdmin, heavy_fields
from recognizer.models import TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """What each run did, and why it ended as it did."""

    list_display = ["id", "recognizer", "state", "mode", "trigger", "made", "by", "created", "finished"]
    list_filter = ["recognizer", "state", "mode"]
    exclude = ["lease", "progress"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        """Without the weights of the versions."""
        versions = ("version", "base", "champion")
        found = super().get_queryset(request).select_related("recognizer", "by", *versions)
        return found.defer(*(field for way in versions for field in heavy_fields(way)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is the record of what a version was made from."""
        return False

    def view_on_site(self, run: TrainingRun) -> str:
        """The page that shows it live."""
        return reverse("run", args=[run.pk])

    @admin.display(ordering="version__number")
    def made(self, run: TrainingRun) -> int | None:
        """The number of the version that came of it."""
        return run.version.number if run.version else None
