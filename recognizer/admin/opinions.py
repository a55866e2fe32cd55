"""Corrections and the reviews of them: to read; deciding has a place of its own, the review room."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern

from recognizer import corrections, queue, second_opinions
from recognizer.admin import review_queue
from recognizer.admin.facts import FactAdmin, heavy
from recognizer.admin.filters import LabelOfRecognizer
from recognizer.models import Correction, Review


@admin.register(Correction)
class CorrectionAdmin(FactAdmin):
    """What the authors say."""

    list_display = ["drawing", "label", "standing", "created"]
    list_filter = ["label__recognizer", LabelOfRecognizer]

    def get_urls(self) -> list[URLPattern]:
        """With the old addresses of the review room."""
        return [*review_queue.urls(), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Correction]:
        """Without what the drawings weigh."""
        found = super().get_queryset(request).select_related("drawing", "label", "replaced_by")
        return found.defer(*heavy("drawing"))

    def delete_model(self, request: HttpRequest, obj: Correction) -> None:
        """Its author's memory goes along."""
        corrections.delete(correction=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Correction]) -> None:
        """One by one: those that replaced one go with it."""
        while correction := queryset.order_by("-pk").first():
            corrections.delete(correction=correction)

    @admin.display(boolean=True)
    def standing(self, correction: Correction) -> bool:
        """Whether no later one replaces it."""
        return not hasattr(correction, "replaced_by")


@admin.register(Review)
class ReviewAdmin(FactAdmin):
    """What the reviewers decided. Undoing is one more decision, made in the review room."""

    list_display = ["drawing", "decision", "label", "reason", "by", "automatic", "standing", "created"]
    list_filter = ["decision", "reason", "automatic", "correction__drawing__recognizer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        """Without what the drawings weigh."""
        found = super().get_queryset(request).select_related("correction__drawing", "label", "by", "replaced_by")
        return found.defer(*heavy("correction__drawing"))

    def delete_model(self, request: HttpRequest, obj: Review) -> None:
        """Its correction waits again, unless an older decision stands; whoever made it may be asked once more."""
        correction = obj.correction
        obj.delete()
        second_opinions.withdraw_all(correction)
        queue.follow(correction.drawing)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        """One by one: those that replaced one go with it."""
        while review := queryset.order_by("-pk").first():
            self.delete_model(request, review)

    @admin.display(ordering="correction__drawing")
    def drawing(self, review: Review) -> str:
        """Which drawing it is about."""
        return str(review.correction.drawing)

    @admin.display(boolean=True)
    def standing(self, review: Review) -> bool:
        """Whether no later one replaces it."""
        return not hasattr(review, "replaced_by")
