"""Drawings, answers, versions and promotions: to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer import drawings
from recognizer.admin.counting import RoughPaginator
from recognizer.admin.filters import Created, LabelOfRecognizer
from recognizer.models import Drawing, ModelVersion, Prediction, Promotion

_DRAWING = ("ink", "image")


def heavy(way: str) -> list[str]:
    """The fields that a list must not load along the way to another table: they are megabytes a row."""
    fields = _DRAWING if way.endswith("drawing") else ModelVersion.HEAVY
    return [f"{way}__{field}" for field in fields]


class FactAdmin(admin.ModelAdmin):
    """A list and a page to read; nothing can be added or changed by hand."""

    ordering = ["-created"]
    paginator = RoughPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count all rows

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """With the time, last."""
        return [*super().get_list_filter(request), Created]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Facts come about, they are not typed in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Facts are not edited."""
        return False


@admin.register(Drawing)
class DrawingAdmin(FactAdmin):
    """What was drawn."""

    list_display = ["uuid", "recognizer", "author", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer", "author"]
    search_fields = ["uuid", "author__email"]
    exclude = ["image"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drawing]:
        """Without the pictures themselves."""
        return super().get_queryset(request).defer("image")

    def delete_model(self, request: HttpRequest, obj: Drawing) -> None:
        """Nobody is answered by it any more, in any process."""
        drawings.delete(drawing=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> None:
        """One by one, each with its author held."""
        for drawing in queryset.defer("ink", "image"):
            drawings.delete(drawing=drawing)


@admin.register(Prediction)
class PredictionAdmin(FactAdmin):
    """What the models said."""

    list_display = ["drawing", "label", "probability", "unsure", "model_version", "created"]
    list_filter = ["unsure", "label__recognizer", LabelOfRecognizer]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Without what the drawings and the versions weigh."""
        found = super().get_queryset(request).select_related("drawing", "label", "model_version")
        return found.defer(*heavy("drawing"), *heavy("model_version"))


@admin.register(ModelVersion)
class ModelVersionAdmin(FactAdmin):
    """The versions, without their weights."""

    list_display = ["recognizer", "number", "sha256", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer"]
    fields = ["recognizer", "number", "sha256", "created"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        """Without the weights."""
        return super().get_queryset(request).defer(*ModelVersion.HEAVY)

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
        return super().get_queryset(request).select_related("model_version").defer(*heavy("model_version"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rollback is one more promotion."""
        return False

    @admin.display(ordering="model_version__number")
    def version(self, promotion: Promotion) -> int:
        """Its number."""
        return promotion.model_version.number
