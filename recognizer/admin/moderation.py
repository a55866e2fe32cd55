"""Excluded authors and reports. Both are handled on the review pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from recognizer.admin.read_only import ReadOnlyAdmin
from recognizer.models import AuthorExclusion, Report


@admin.register(AuthorExclusion)
class AuthorExclusionAdmin(ReadOnlyAdmin):
    """Who was excluded, why, and whether the exclusion is in force. Lifting one adds a row."""

    list_display = ["author", "aside", "in_force", "reason", "by", "created"]
    list_filter = ["aside"]
    list_select_related = ["author", "by", "replaced_by"]
    search_fields = ["author__email", "reason"]
    can_delete = False

    def view_on_site(self, exclusion: AuthorExclusion) -> str:
        """The page of the exclusion, also for the row that lifted it."""
        return reverse("exclusion", args=[exclusion.pk if exclusion.aside else exclusion.replaces_id])

    @admin.display(boolean=True)
    def in_force(self, exclusion: AuthorExclusion) -> bool:
        """Whether it was not lifted."""
        return exclusion.aside and not hasattr(exclusion, "replaced_by")


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """What people reported, and how it was handled."""

    list_display = ["id", "picture", "reason", "page", "short", "by", "outcome", "handled_by", "created"]
    list_filter = ["outcome", "reason"]
    search_fields = ["page", "words"]
    related = ("by", "handled_by", "drawing")
    deferred = ("drawing__image",)
    drawing_path = "drawing"
    can_delete = False

    @admin.display(description="description")
    def short(self, report: Report) -> str:
        """The beginning of the text."""
        return report.words[:80]
