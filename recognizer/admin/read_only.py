"""Base classes of the admin for rows that nobody may add or change by hand."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin import delete_counts
from recognizer.admin import pictures
from recognizer.admin.estimated_count import EstimatingPaginator
from recognizer.admin.filters import CreatedFilter


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list and a page for reading, newest first. Neither loads large fields."""

    ordering = ["-created"]
    list_per_page = 50
    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each facet would count all rows
    related: tuple[str, ...] = ()  # paths for select_related
    deferred: tuple[str, ...] = ()  # large fields that are not loaded
    drawing_path = ""  # from a row to its drawing, as for attrgetter
    can_delete = True  # with the usual permission

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With related rows, without large fields."""
        found = super().get_queryset(request)
        return (found.select_related(*self.related) if self.related else found).defer(*self.deferred)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters of the list, and the time."""
        return [*super().get_list_filter(request), CreatedFilter]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, if the class says so."""
        return self.can_delete and super().has_delete_permission(request, obj)

    @admin.display
    def picture(self, row: Any) -> SafeString | str:
        """A thumbnail of the drawing."""
        drawing = attrgetter(self.drawing_path)(row) if self.drawing_path else row
        return pictures.thumbnail(drawing) if drawing else ""


class DerivedAdmin(ReadOnlyAdmin):
    """Rows that the background keeps up to date. Deleting one would only make it wrong."""

    ordering = ["-pk"]
    can_delete = False

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Without the time, because most of these rows have none."""
        return list(self.list_filter)


class OneByOneDeleteMixin(admin.ModelAdmin):
    """Deletes rows one by one with `delete_model`, and confirms with counts instead of a list of all related rows."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The related rows as counts."""
        return delete_counts.count_deleted(objs)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Newest first. A row may delete later ones that replaced it, so each is looked up anew."""
        while row := queryset.order_by("-pk").first():
            self.delete_model(request, row)
