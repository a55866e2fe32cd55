"""What staff may look at. Facts are read-only here as everywhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from recognizer.models import Correction, Drawing, Label, ModelVersion, Prediction, Promotion, Recognizer

HEAVY = {"drawing": ["ink", "image"], "model_version": ["tflite", "keras", "manifest"]}


def _heavy(way: str) -> list[str]:
    """The fields that a list must not load along the way to another table: they are megabytes a row."""
    return [f"{way}__{field}" for field in HEAVY[way]]


class FactAdmin(admin.ModelAdmin):
    """A list and a page to read; nothing can be added or changed by hand."""

    date_hierarchy = "created"
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Facts come about, they are not typed in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Facts are not edited."""
        return False


class LabelInline(admin.TabularInline):
    """The labels of a recognizer; their slugs and outputs belong to the model."""

    model = Label
    extra = 0
    can_delete = False
    readonly_fields = ["slug", "position"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Labels come with a bundle."""
        return False


@admin.register(Recognizer)
class RecognizerAdmin(admin.ModelAdmin):
    """Names and order of the recognizers and their labels."""

    list_display = ["name", "slug", "position", "drawings"]
    readonly_fields = ["slug"]
    inlines = [LabelInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recognizer]:
        """With the number of drawings, in the same query."""
        return super().get_queryset(request).annotate(drawing_count=Count("drawings"))

    @admin.display(ordering="drawing_count")
    def drawings(self, recognizer: Any) -> int:
        """How many drawings were kept for it."""
        return recognizer.drawing_count

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A recognizer comes with its bundle: `manage.py install_models`."""
        return False


@admin.register(Drawing)
class DrawingAdmin(FactAdmin):
    """What was drawn."""

    list_display = ["uuid", "recognizer", "author", "created"]
    list_filter = ["recognizer", "created"]
    list_select_related = ["recognizer", "author"]
    search_fields = ["uuid", "author__email"]
    exclude = ["image"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drawing]:
        """Without the pictures themselves."""
        return super().get_queryset(request).defer("image")


@admin.register(Prediction)
class PredictionAdmin(FactAdmin):
    """What the models said."""

    list_display = ["drawing", "label", "probability", "unsure", "model_version", "created"]
    list_filter = ["unsure", "label__recognizer", "label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Without what the drawings and the versions weigh."""
        found = super().get_queryset(request).select_related("drawing", "label", "model_version")
        return found.defer(*_heavy("drawing"), *_heavy("model_version"))


@admin.register(Correction)
class CorrectionAdmin(FactAdmin):
    """What the authors say."""

    list_display = ["drawing", "label", "standing", "created"]
    list_filter = ["label__recognizer", "label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Correction]:
        """Without what the drawings weigh."""
        found = super().get_queryset(request).select_related("drawing", "label", "replaced_by")
        return found.defer(*_heavy("drawing"))

    @admin.display(boolean=True)
    def standing(self, correction: Correction) -> bool:
        """Whether no later one replaces it."""
        return not hasattr(correction, "replaced_by")


@admin.register(ModelVersion)
class ModelVersionAdmin(FactAdmin):
    """The versions, without their weights."""

    list_display = ["recognizer", "number", "sha256", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer"]
    fields = ["recognizer", "number", "sha256", "created"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        """Without the weights."""
        return super().get_queryset(request).defer("tflite", "keras", "manifest")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every answer names the version that gave it."""
        return False


@admin.register(Promotion)
class PromotionAdmin(FactAdmin):
    """Which version answered from when on, and why."""

    list_display = ["recognizer", "version", "reason", "by", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        """Without the weights of the versions."""
        return super().get_queryset(request).select_related("model_version").defer(*_heavy("model_version"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rollback is one more promotion."""
        return False

    @admin.display(ordering="model_version__number")
    def version(self, promotion: Promotion) -> int:
        """Its number."""
        return promotion.model_version.number
