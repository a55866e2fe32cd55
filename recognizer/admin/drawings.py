"""Drawings, predictions, model versions and promotions."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from recognizer.admin.exclude_action import ExcludeAuthorsMixin
from recognizer.admin.filters import LabelFilter
from recognizer.admin.read_only import OneByOneDeleteMixin, ReadOnlyAdmin
from recognizer.drawings import store
from recognizer.models import Drawing, ModelVersion, Prediction, Promotion
from recognizer.models.model_version import HEAVY_FIELDS, heavy_fields

MAX_AUTHORS = 50  # whose drawings are found by a part of their e-mail address


@admin.register(Drawing)
class DrawingAdmin(ExcludeAuthorsMixin, OneByOneDeleteMixin, ReadOnlyAdmin):
    """Drawings."""

    list_display = ["uuid", "picture", "recognizer", "author", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer", "author"]
    search_fields = ["uuid", "author__email"]
    fields = ["uuid", "picture", "recognizer", "author", "created", "ink"]
    readonly_fields = ["uuid", "picture"]
    deferred = ("image",)
    exclude_parameter = "drawing"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Drawing], search_term: str
    ) -> tuple[QuerySet[Drawing], bool]:
        """By the whole identifier, or by a part of the author's address. Both use an index."""
        term = search_term.strip()
        try:
            return queryset.filter(uuid=UUID(term)), False
        except ValueError:
            people = User.objects.filter(email__icontains=term).order_by("pk").values_list("pk", flat=True)
            return queryset.filter(author__in=list(people[:MAX_AUTHORS])) if term else queryset, False

    def delete_model(self, request: HttpRequest, obj: Drawing) -> None:
        """Delete it also from the personal memory of its author."""
        store.delete_drawing(drawing=obj, by=cast(User, request.user))


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Predictions of the model versions."""

    list_display = ["drawing", "picture", "label", "probability", "unsure", "model_version", "created"]
    list_filter = ["unsure", "on_device", "label__recognizer", LabelFilter]
    search_fields = ["=drawing__uuid"]
    related = ("drawing", "label", "model_version")
    deferred = ("drawing__image", *heavy_fields("model_version"))
    drawing_path = "drawing"


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """Model versions. They cannot be deleted, because predictions name them."""

    list_display = ["recognizer", "number", "sha256", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer"]
    fields = ["recognizer", "number", "sha256", "created"]
    deferred = tuple(HEAVY_FIELDS)
    can_delete = False


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    """Which version was live since when, and why. A rollback is another promotion."""

    list_display = ["recognizer", "version", "reason", "by", "created"]
    list_filter = ["recognizer"]
    related = ("recognizer", "by", "model_version")
    deferred = tuple(heavy_fields("model_version"))
    can_delete = False

    @admin.display(ordering="model_version__number")
    def version(self, promotion: Promotion) -> int:
        """The number of the version."""
        return promotion.model_version.number
