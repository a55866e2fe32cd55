"""What is kept beside the facts (places, checks, counts), claims, and what runs took: to read, never to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from recognizer.admin import pictures
from recognizer.admin.drawings import ReadOnlyAdmin, heavy_fields
from recognizer.models import (
    Bookmark,
    Claim,
    Confusion,
    Coverage,
    Drawing,
    ImportedDrawing,
    LabelCheck,
    QueueEntry,
    SnapshotItem,
)


class DerivedAdmin(ReadOnlyAdmin):
    """Follows the facts by itself: deleting a row would only make it wrong."""

    ordering = ["-pk"]
    way = ""  # to the drawing, where a row has one

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Without the time: most of these rows have none."""
        return list(self.list_filter)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It goes with what it follows."""
        return False

    @admin.display
    def picture(self, row: Any) -> SafeString:
        """The drawing it is about."""
        found: Any = row
        for step in self.way.split("__"):
            found = getattr(found, step)
        assert isinstance(found, Drawing)  # noqa: S101 - `way` leads to one
        return pictures.thumbnail(found)


@admin.register(QueueEntry)
class PlaceAdmin(DerivedAdmin):
    """Where corrections stand in the queue of the review room."""

    way = "correction__drawing"
    list_display = ["correction_id", "picture", "label", "recognizer", "waits", "usefulness", "points"]
    list_filter = ["waits", "recognizer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QueueEntry]:
        """Without pictures and weights."""
        found = super().get_queryset(request).select_related("correction__drawing", "label", "recognizer", "version")
        return found.defer("correction__drawing__image", *heavy_fields("version"))


@admin.register(LabelCheck)
class LabelCheckAdmin(DerivedAdmin):
    """What a version that was not taught with a drawing says of its label."""

    way = "drawing"
    list_display = ["drawing_id", "picture", "label", "approved", "share", "rival", "rival_share", "margin"]
    list_filter = ["approved", "recognizer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LabelCheck]:
        """Without pictures and weights."""
        versions = ("version", "judge")
        ways = ("drawing", "label", "rival", "answered", "correction__label", *versions)
        found = super().get_queryset(request).select_related(*ways)
        return found.defer("drawing__image", *(field for way in versions for field in heavy_fields(way)))


@admin.register(Coverage)
class CoverageAdmin(DerivedAdmin):
    """How much there is of each label."""

    list_display = ["label", "recognizer", "drawings", "people", "waiting", "confidence", "counted"]
    list_filter = ["label__recognizer"]
    list_select_related = ["label__recognizer"]

    @admin.display(ordering="label__recognizer")
    def recognizer(self, row: Coverage) -> str:
        """Whose label it is."""
        return str(row.label.recognizer)


@admin.register(Confusion)
class ConfusionAdmin(DerivedAdmin):
    """Which label a version takes for which; the page of the review room shows it as a matrix."""

    list_display = ["version_id", "recognizer", "number", "counted"]
    list_filter = ["version__recognizer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Confusion]:
        """Without weights."""
        return super().get_queryset(request).select_related("version__recognizer").defer(*heavy_fields("version"))

    @admin.display
    def recognizer(self, row: Confusion) -> str:
        """Of the version."""
        return str(row.version.recognizer)

    @admin.display
    def number(self, row: Confusion) -> int:
        """Of the version."""
        return row.version.number


@admin.register(SnapshotItem)
class SnapshotItemAdmin(DerivedAdmin):
    """What runs took, to learn from or for the exam."""

    way = "drawing"
    list_display = ["id", "picture", "run_id", "part", "label", "before", "after"]
    list_filter = ["part", "run__recognizer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SnapshotItem]:
        """Without pictures and logs."""
        found = super().get_queryset(request).select_related("drawing", "label", "before", "after", "run__recognizer")
        return found.defer("drawing__image", "run__log", "run__verdict", "run__progress")


@admin.register(ImportedDrawing)
class OriginAdmin(DerivedAdmin):
    """Where drawings came from that were not drawn here."""

    way = "drawing"
    list_display = ["drawing_id", "picture", "brought", "licence"]
    list_filter = ["brought"]
    search_fields = ["licence"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportedDrawing]:
        """Without pictures."""
        return super().get_queryset(request).select_related("drawing", "brought").defer("drawing__image")


@admin.register(Claim)
class ClaimAdmin(DerivedAdmin):
    """Who is looking at what now; deleting one shows its correction to others at once."""

    list_display = ["id", "correction", "by", "until"]
    list_filter = ["until"]
    list_select_related = ["by", "correction__label"]
    search_fields = ["by__email"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A claim may be ended early."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Bookmark)
class BookmarkAdmin(DerivedAdmin):
    """How far the background has read."""

    list_display = ["of", "at", "moved"]
