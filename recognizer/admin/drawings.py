"""Drawings, answers, versions and promotions: to read."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.admin import delete_counts
from accounts.models import User
from recognizer import permissions
from recognizer.admin import exclude_action, pictures
from recognizer.admin.estimated_count import EstimatingPaginator
from recognizer.admin.filters import CreatedFilter, LabelFilter
from recognizer.drawings import store
from recognizer.models import Drawing, ModelVersion, Prediction, Promotion, model_version

_DRAWING = ("ink", "image")
MAX_AUTHORS = 50  # whose drawings are listed together when a part of an address is looked for


def heavy_fields(way: str) -> list[str]:
    """The fields that a list must not load along the way to another table: they are megabytes a row."""
    return [f"{way}__{field}" for field in _DRAWING] if way.endswith("drawing") else model_version.heavy_fields(way)


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list and a page to read; nothing can be added or changed by hand."""

    ordering = ["-created"]
    list_per_page = 50
    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count all rows

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """With the time, last."""
        return [*super().get_list_filter(request), CreatedFilter]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Facts come about, they are not typed in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Facts are not edited."""
        return False


@admin.register(Drawing)
class DrawingAdmin(ReadOnlyAdmin):
    """What was drawn."""

    list_display = ["uuid", "picture", "recognizer", "author", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer", "author"]
    search_fields = ["uuid", "author__email"]
    fields = ["uuid", "picture", "recognizer", "author", "created", "ink"]
    readonly_fields = ["uuid", "picture"]
    actions = ["set_aside"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Drawing], search_term: str
    ) -> tuple[QuerySet[Drawing], bool]:
        """By the drawing's whole identifier, else by a part of its author's address: each found along an index."""
        said = search_term.strip()
        try:
            return queryset.filter(uuid=UUID(said)), False
        except ValueError:
            people = User.objects.filter(email__icontains=said).order_by("pk").values_list("pk", flat=True)
            return queryset.filter(author__in=list(people[:MAX_AUTHORS])) if said else queryset, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drawing]:
        """Without the pictures themselves."""
        return super().get_queryset(request).defer("image")

    def delete_model(self, request: HttpRequest, obj: Drawing) -> None:
        """Nobody is answered by it any more, in any process."""
        store.delete_drawing(drawing=obj, by=cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> None:
        """One by one, each with its author held."""
        for drawing in queryset.defer("ink", "image"):
            store.delete_drawing(drawing=drawing, by=cast(User, request.user))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes along, as counts."""
        return delete_counts.count_deleted(objs)

    def has_set_aside_permission(self, request: HttpRequest) -> bool:
        """Reviewers."""
        return permissions.may_review(cast(User, request.user))

    @admin.action(description=gettext_lazy("Set aside everything by their authors"), permissions=["set_aside"])
    def set_aside(self, request: HttpRequest, chosen: QuerySet[Drawing]) -> HttpResponse | None:
        """Asks on a page of its own."""
        return exclude_action.ask_to_exclude(self, request, name="drawing", chosen=chosen.values_list("pk", flat=True))

    @admin.display
    def picture(self, drawing: Drawing) -> SafeString:
        """What was drawn, small."""
        return pictures.thumbnail(drawing)


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """What the models said."""

    list_display = ["drawing", "picture", "label", "probability", "unsure", "model_version", "created"]
    list_filter = ["unsure", "label__recognizer", LabelFilter]
    search_fields = ["=drawing__uuid"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Without what the drawings and the versions weigh."""
        found = super().get_queryset(request).select_related("drawing", "label", "model_version")
        return found.defer("drawing__image", *heavy_fields("model_version"))

    @admin.display
    def picture(self, prediction: Prediction) -> SafeString:
        """The drawing, small."""
        return pictures.thumbnail(prediction.drawing)


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """The versions, without their weights."""

    list_display = ["recognizer", "number", "sha256", "created"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer"]
    fields = ["recognizer", "number", "sha256", "created"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        """Without the weights."""
        return super().get_queryset(request).defer(*model_version.HEAVY_FIELDS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every answer names the version that gave it."""
        return False


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    """Which version answered from when on, and why."""

    list_display = ["recognizer", "version", "reason", "by", "created"]
    list_filter = ["recognizer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        """Without the weights of the versions."""
        found = super().get_queryset(request).select_related("recognizer", "by", "model_version")
        return found.defer(*heavy_fields("model_version"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rollback is one more promotion."""
        return False

    @admin.display(ordering="model_version__number")
    def version(self, promotion: Promotion) -> int:
        """Its number."""
        return promotion.model_version.number
