"""Memories, and the answers that came of them: to read. What is remembered is for its person to look at."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.admin import delete_counts
from accounts.models import User
from recognizer import memory as memories
from recognizer.admin.drawings import ReadOnlyAdmin, heavy_fields
from recognizer.admin.filters import LabelFilter
from recognizer.models import Label, Memory, PersonalAnswer


@admin.register(Memory)
class MemoryAdmin(ReadOnlyAdmin):
    """Who has one, and how much it holds."""

    list_display = ["person", "recognizer", "enabled", "count", "created"]
    list_filter = ["recognizer", "enabled"]
    list_select_related = ["person", "recognizer"]
    search_fields = ["person__email"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Memory]:
        """With how many drawings each holds."""
        return super().get_queryset(request).annotate(count=Count("remembered"))

    @admin.display(description="remembered", ordering="count")
    def count(self, memory: Memory) -> int:
        """How many drawings it holds."""
        return memory.count  # type: ignore[attr-defined]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes along, as counts."""
        return delete_counts.count_deleted(objs)

    def delete_model(self, request: HttpRequest, obj: Memory) -> None:
        """Empty it: without the row it would be begun anew, with all that its person said."""
        subject, detail = audit.name_of(obj.person), {"recognizer": obj.recognizer.slug}
        audit.note(by=cast(User, request.user), what="memory.deleted", subject=subject, detail=detail)
        memories.forget_all_drawings(person=obj.person, recognizer=obj.recognizer)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> None:
        """Likewise."""
        for memory in queryset:
            self.delete_model(request, memory)


@admin.register(PersonalAnswer)
class PersonalAnswerAdmin(ReadOnlyAdmin):
    """What people were answered where their memory had a say, beside what the model alone said."""

    list_display = ["drawing", "alone", "label", "probability", "unsure", "created"]
    list_filter = ["unsure", "label__recognizer", LabelFilter]
    exclude = ["because"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonalAnswer]:
        """Without what the drawings and the versions weigh."""
        found = super().get_queryset(request).select_related("label", "prediction__label", "prediction__drawing")
        return found.defer(*heavy_fields("prediction__drawing"))

    @admin.display(ordering="prediction__drawing")
    def drawing(self, answer: PersonalAnswer) -> str:
        """Which drawing it is about."""
        return str(answer.prediction.drawing)

    @admin.display(description="the model alone", ordering="prediction__label")
    def alone(self, answer: PersonalAnswer) -> Label:
        """What the model alone said first."""
        return answer.prediction.label
