"""Rows derived from drawings in the background: queue entries, label checks, counts; also claims and snapshots."""

from __future__ import annotations

from django.contrib import admin

from recognizer.admin.read_only import DerivedAdmin
from recognizer.models import (
    AnswerWeek,
    BaseTest,
    Bookmark,
    Claim,
    Confusion,
    Coverage,
    ExampleSet,
    ImportedDrawing,
    LabelCheck,
    QueueEntry,
    SnapshotItem,
    WorstMistakes,
)
from recognizer.models.model_version import heavy_fields


@admin.register(QueueEntry)
class QueueEntryAdmin(DerivedAdmin):
    """Where corrections stand in the review queue."""

    list_display = ["correction_id", "picture", "label", "recognizer", "waits", "usefulness", "points"]
    list_filter = ["waits", "recognizer"]
    related = ("correction__drawing", "label", "recognizer", "version")
    deferred = ("correction__drawing__image", *heavy_fields("version"))
    drawing_path = "correction.drawing"


@admin.register(LabelCheck)
class LabelCheckAdmin(DerivedAdmin):
    """The current label of each drawing, and the prediction of a version that was not trained on it."""

    list_display = ["drawing_id", "picture", "label", "approved", "share", "rival", "rival_share", "margin"]
    list_filter = ["approved", "recognizer"]
    related = ("drawing", "label", "rival", "answered", "correction__label", "version", "judge")
    deferred = ("drawing__image", *heavy_fields("version", "judge"))
    drawing_path = "drawing"


@admin.register(Coverage)
class CoverageAdmin(DerivedAdmin):
    """How many drawings each label has."""

    list_display = ["label", "recognizer", "drawings", "people", "waiting", "confidence", "counted"]
    list_filter = ["label__recognizer"]
    list_select_related = ["label__recognizer"]

    @admin.display(ordering="label__recognizer")
    def recognizer(self, row: Coverage) -> str:
        """The recognizer of the label."""
        return str(row.label.recognizer)


@admin.register(Confusion)
class ConfusionAdmin(DerivedAdmin):
    """Which labels a version confuses. The insight pages show it as a matrix."""

    list_display = ["version_id", "recognizer", "number", "counted"]
    list_filter = ["version__recognizer"]
    related = ("version__recognizer",)
    deferred = tuple(heavy_fields("version"))

    @admin.display
    def recognizer(self, row: Confusion) -> str:
        """The recognizer of the version."""
        return str(row.version.recognizer)

    @admin.display
    def number(self, row: Confusion) -> int:
        """The number of the version."""
        return row.version.number


@admin.register(AnswerWeek)
class AnswerWeekAdmin(DerivedAdmin):
    """How a version answered the drawings of a week. The drift pages show it."""

    list_display = ["id", "version_id", "week", "drawings", "people", "unsure", "confidence"]
    list_filter = ["version__recognizer"]
    related = ("version__recognizer",)
    deferred = tuple(heavy_fields("version"))


@admin.register(BaseTest)
class BaseTestAdmin(DerivedAdmin):
    """The held-out drawings that every version of a recognizer answers; installed with its bundle."""

    list_display = ["recognizer", "sha256", "installed"]
    fields = ["recognizer", "sha256", "installed"]
    related = ("recognizer",)
    deferred = ("content",)


@admin.register(ExampleSet)
class ExampleSetAdmin(DerivedAdmin):
    """The drawings that show how each label is usually drawn; installed with the bundle, shown after a round."""

    list_display = ["recognizer", "sha256", "installed"]
    fields = ["recognizer", "sha256", "installed"]
    related = ("recognizer",)
    deferred = ("content",)


@admin.register(WorstMistakes)
class WorstMistakesAdmin(DerivedAdmin):
    """Wrong answers of versions to the base tests of their recognizers. The page of a version shows them."""

    list_display = ["version_id", "recognizer", "number", "drawings", "wrong", "wrong_and_sure", "counted"]
    list_filter = ["version__recognizer"]
    related = ("version__recognizer",)
    deferred = ("found", *heavy_fields("version"))

    @admin.display
    def recognizer(self, row: WorstMistakes) -> str:
        """The recognizer of the version."""
        return str(row.version.recognizer)

    @admin.display
    def number(self, row: WorstMistakes) -> int:
        """The number of the version."""
        return row.version.number


@admin.register(SnapshotItem)
class SnapshotItemAdmin(DerivedAdmin):
    """The drawings that training runs used, for training or for the exam."""

    list_display = ["id", "picture", "run_id", "part", "label", "before", "after"]
    list_filter = ["part", "run__recognizer"]
    related = ("drawing", "label", "before", "after", "run__recognizer")
    deferred = ("drawing__image", "run__log", "run__verdict", "run__progress")
    drawing_path = "drawing"


@admin.register(ImportedDrawing)
class ImportedDrawingAdmin(DerivedAdmin):
    """The import and the licence of each imported drawing."""

    list_display = ["drawing_id", "picture", "brought", "licence"]
    list_filter = ["brought"]
    search_fields = ["licence"]
    related = ("drawing", "brought")
    deferred = ("drawing__image",)
    drawing_path = "drawing"


@admin.register(Claim)
class ClaimAdmin(DerivedAdmin):
    """Who is reviewing what now. Deleting a claim lets other reviewers see the correction at once."""

    list_display = ["id", "correction", "by", "until"]
    list_filter = ["until"]
    list_select_related = ["by", "correction__label"]
    search_fields = ["by__email"]
    can_delete = True


@admin.register(Bookmark)
class BookmarkAdmin(DerivedAdmin):
    """How far the background has read."""

    list_display = ["of", "at", "moved"]
