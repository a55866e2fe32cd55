"""Authors who were set aside, and reports: to read; both are handled in the review room."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from recognizer.admin import pictures
from recognizer.admin.drawings import ReadOnlyAdmin
from recognizer.models import AuthorExclusion, Report


@admin.register(AuthorExclusion)
class SetAsideAdmin(ReadOnlyAdmin):
    """Who was set aside, why, and whether it still holds."""

    list_display = ["author", "aside", "holds", "reason", "by", "created"]
    list_filter = ["aside"]
    list_select_related = ["author", "by", "replaced_by"]
    search_fields = ["author__email", "reason"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Taking it back is one more row, written in the review room."""
        return False

    def view_on_site(self, aside: AuthorExclusion) -> str:
        """The page that shows what it took out; of one that takes another back, the page of that one."""
        return reverse("exclusion", args=[aside.pk if aside.aside else aside.replaces_id])

    @admin.display(boolean=True)
    def holds(self, aside: AuthorExclusion) -> bool:
        """Whether it is the last word about its author, and not taken back."""
        return aside.aside and not hasattr(aside, "replaced_by")


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """What people found, and what was done about it."""

    list_display = ["id", "picture", "reason", "page", "short", "by", "outcome", "handled_by", "created"]
    list_filter = ["outcome", "reason"]
    search_fields = ["page", "words"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        """Without pictures."""
        found = super().get_queryset(request).select_related("by", "handled_by", "drawing")
        return found.defer("drawing__image")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is handled instead."""
        return False

    @admin.display
    def picture(self, report: Report) -> SafeString | str:
        """The drawing it is about."""
        return pictures.thumbnail(report.drawing) if report.drawing else ""

    @admin.display(description="words")
    def short(self, report: Report) -> str:
        """The beginning of what they wrote."""
        return report.words[:80]
