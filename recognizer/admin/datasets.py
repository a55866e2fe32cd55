"""Exports and imports. Files are exported on a page of their own."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from recognizer.admin.read_only import ReadOnlyAdmin
from recognizer.models import Export, ImportJob


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Who exported which file. Deleting an export deletes its file."""

    list_display = ["id", "form", "state", "total", "size", "by", "created", "finished"]
    list_filter = ["form", "state"]
    list_select_related = ["by"]


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """What was imported, and the statement of the operator. Drawings would lose their licence if it was deleted."""

    list_display = ["source", "form", "licence", "drawings", "created"]
    list_filter = ["form"]
    search_fields = ["source", "licence"]
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        """With the number of its drawings that still exist."""
        return super().get_queryset(request).annotate(existing=Count("origins"))

    @admin.display(ordering="existing")
    def drawings(self, job: ImportJob) -> int:
        """How many of its drawings still exist."""
        return job.existing  # type: ignore[attr-defined]
