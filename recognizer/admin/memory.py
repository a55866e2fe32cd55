"""Personal memories and the answers that they adjusted. What is remembered is shown only to its owner."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.admin import delete_counts
from accounts.models import User
from recognizer import memory as memories
from recognizer.admin.filters import LabelFilter
from recognizer.admin.read_only import ReadOnlyAdmin
from recognizer.models import Label, Memory, PersonalAnswer


@admin.register(Memory)
class MemoryAdmin(ReadOnlyAdmin):
    """Whose memories there are, and how many drawings each holds."""

    list_display = ["person", "recognizer", "enabled", "count", "created"]
    list_filter = ["recognizer", "enabled"]
    list_select_related = ["person", "recognizer"]
    search_fields = ["person__email"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Memory]:
        """With the number of remembered drawings."""
        return super().get_queryset(request).annotate(count=Count("remembered"))

    @admin.display(description="remembered", ordering="count")
    def count(self, memory: Memory) -> int:
        """How many drawings it holds."""
        return memory.count  # type: ignore[attr-defined]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The related rows as counts."""
        return delete_counts.count_deleted(objs)

    def delete_model(self, request: HttpRequest, obj: Memory) -> None:
        """Empty it. Its row stays: without it the memory would be filled again from all corrections."""
        subject, detail = audit.name_of(obj.person), {"recognizer": obj.recognizer.slug}
        audit.note(by=cast(User, request.user), what="memory.deleted", subject=subject, detail=detail)
        memories.forget_all_drawings(person=obj.person, recognizer=obj.recognizer)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> None:
        """Empty all of them."""
        for memory in queryset:
            self.delete_model(request, memory)


@admin.register(PersonalAnswer)
class PersonalAnswerAdmin(ReadOnlyAdmin):
    """Answers that a personal memory adjusted, beside the answer of the model alone."""

    list_display = ["drawing", "alone", "label", "probability", "unsure", "created"]
    list_filter = ["unsure", "label__recognizer", LabelFilter]
    exclude = ["because"]
    related = ("label", "prediction__label", "prediction__drawing")
    deferred = ("prediction__drawing__ink", "prediction__drawing__image")

    @admin.display(ordering="prediction__drawing")
    def drawing(self, answer: PersonalAnswer) -> str:
        """The drawing."""
        return str(answer.prediction.drawing)

    @admin.display(description="model without it", ordering="prediction__label")
    def alone(self, answer: PersonalAnswer) -> Label:
        """The answer of the model alone."""
        return answer.prediction.label
