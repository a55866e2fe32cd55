"""Files that were asked for, and what was brought in: to read. Files are asked for on a page of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from recognizer.admin.drawings import ReadOnlyAdmin
from recognizer.models import Export, ImportJob


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Who asked for which file. Deleting one deletes its bytes."""

    list_display = ["id", "form", "state", "total", "size", "by", "created", "finished"]
    list_filter = ["form", "state"]
    list_select_related = ["by"]


@admin.register(ImportJob)
class ImportAdmin(ReadOnlyAdmin):
    """What was brought in, and on what grounds."""

    list_display = ["source", "form", "licence", "drawings", "created"]
    list_filter = ["form"]
    search_fields = ["source", "licence"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        """With how many of its drawings are still here."""
        return super().get_queryset(request).annotate(kept=Count("origins"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its drawings would lose their licence."""
        return False

    @admin.display(ordering="kept")
    def drawings(self, brought: ImportJob) -> int:
        """How many are still here."""
        return brought.kept  # type: ignore[attr-defined]
