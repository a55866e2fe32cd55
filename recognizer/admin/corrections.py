"""Corrections and the reviews of them: to read; deciding has a place of its own, the review room."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.admin import delete_counts
from accounts.models import User
from accounts.requests import PersonRequest
from recognizer import permissions
from recognizer.admin import exclude_action, pictures, review_queue
from recognizer.admin.drawings import ReadOnlyAdmin, heavy_fields
from recognizer.admin.filters import ControlFilter, EndedFilter, LabelFilter
from recognizer.drawings import corrections
from recognizer.models import Control, Correction, Drawing, Opinion, Review
from recognizer.review import consensus, controls, queue


def _note(request: HttpRequest, what: str, drawing: Drawing) -> None:
    audit.note(by=cast(User, request.user), what=what, subject=f"drawing {drawing.uuid}")


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    """What the authors say."""

    list_display = ["drawing", "picture", "label", "standing", "created"]
    list_filter = ["label__recognizer", LabelFilter]
    search_fields = ["=drawing__uuid"]
    actions = ["set_aside"]

    def get_urls(self) -> list[URLPattern]:
        """With the old addresses of the review room."""
        return [*review_queue.urls(), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Correction]:
        """Without what the drawings weigh."""
        found = super().get_queryset(request).select_related("drawing", "label", "replaced_by")
        return found.defer("drawing__image")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes along, as counts."""
        return delete_counts.count_deleted(objs)

    def delete_model(self, request: HttpRequest, obj: Correction) -> None:
        """Its author's memory goes along."""
        _note(request, "correction.deleted", obj.drawing)
        corrections.delete_correction(correction=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Correction]) -> None:
        """One by one: those that replaced one go with it."""
        while correction := queryset.order_by("-pk").first():
            self.delete_model(request, correction)

    def has_set_aside_permission(self, request: HttpRequest) -> bool:
        """Reviewers."""
        return permissions.may_review(cast(User, request.user))

    @admin.action(description=_("Set aside everything by their authors"), permissions=["set_aside"])
    def set_aside(self, request: HttpRequest, chosen: QuerySet[Correction]) -> HttpResponse | None:
        """Asks on a page of its own."""
        return exclude_action.ask_to_exclude(
            self, request, name="correction", chosen=chosen.values_list("pk", flat=True)
        )

    @admin.display
    def picture(self, correction: Correction) -> SafeString:
        """The drawing, small."""
        return pictures.thumbnail(correction.drawing)

    @admin.display(boolean=True)
    def standing(self, correction: Correction) -> bool:
        """Whether no later one replaces it."""
        return not hasattr(correction, "replaced_by")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What the reviewers decided. Undoing is one more decision, made in the review room."""

    list_display = ["drawing", "picture", "decision", "label", "reason", "by", "automatic", "standing", "created"]
    list_filter = ["decision", "reason", "automatic", "correction__drawing__recognizer"]

    actions = ["mark_as_control"]

    def has_mark_permission(self, request: PersonRequest) -> bool:
        """Who chooses controls."""
        return permissions.may_mark_controls(request.user)

    @admin.action(description=_("Mark as control"), permissions=["mark"])
    def mark_as_control(self, request: PersonRequest, chosen: QuerySet[Review]) -> None:
        """What was decided is the known answer; those that count no longer are passed over."""
        refused = 0
        for review in chosen:
            try:
                controls.mark_control(review=review, by=request.user)
            except controls.NoControlError:
                refused += 1
        marked = len(chosen) - refused
        self.message_user(request, ngettext("%d is a control now.", "%d are controls now.", marked) % marked)
        if refused:
            words = ngettext(
                "%d was passed over: nobody looked at it, or the decision counts no longer.",
                "%d were passed over: nobody looked at them, or the decisions count no longer.",
                refused,
            )
            self.message_user(request, words % refused, messages.WARNING)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        """Without what the drawings weigh."""
        found = super().get_queryset(request).select_related("correction__drawing", "label", "by", "replaced_by")
        return found.defer("correction__drawing__image")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes along, as counts."""
        return delete_counts.count_deleted(objs)

    @admin.display
    def picture(self, review: Review) -> SafeString:
        """The drawing, small."""
        return pictures.thumbnail(review.correction.drawing)

    def delete_model(self, request: HttpRequest, obj: Review) -> None:
        """Its correction waits again, unless an older decision stands; whoever made it may be asked once more."""
        correction = obj.correction
        _note(request, "review.deleted", correction.drawing)
        obj.delete()
        consensus.withdraw_all_opinions(correction)
        queue.update_entries(correction.drawing)

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


@admin.register(Opinion)
class OpinionAdmin(ReadOnlyAdmin):
    """What reviewers said, one by one. A review is written when as many agree as the policy asks."""

    list_display = ["drawing", "decision", "label", "reason", "by", "on_control", "standing", "created"]
    list_filter = ["decision", "reason", "shared", ControlFilter, "label__recognizer", LabelFilter]
    search_fields = ["by__email"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opinion]:
        """Without what the drawings weigh."""
        found = super().get_queryset(request).select_related("correction__drawing", "label", "by")
        return found.defer(*heavy_fields("correction__drawing"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever said it takes it back in the review room; it goes with its drawing."""
        return False

    @admin.display(ordering="correction__drawing")
    def drawing(self, opinion: Opinion) -> str:
        """Which drawing it is about."""
        return str(opinion.correction.drawing)

    @admin.display(boolean=True, description=_("on a control"))
    def on_control(self, opinion: Opinion) -> bool:
        """Whether it decides nothing."""
        return opinion.control_id is not None

    @admin.display(boolean=True)
    def standing(self, opinion: Opinion) -> bool:
        """Whether it was not taken back."""
        return opinion.withdrawn is None


@admin.register(Control)
class ControlAdmin(ReadOnlyAdmin):
    """Decided drawings with a known answer, and how reviewers answered."""

    list_display = ["drawing", "label", "answers", "right", "by", "standing", "created"]
    list_filter = ["correction__label__recognizer", EndedFilter]
    actions = ["take_marks_off"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Control]:
        """With how often it was answered, and right; without what the drawings weigh."""
        stands = Q(answers__withdrawn__isnull=True, answers__isnull=False)
        same = Q(answers__label=F("label")) | Q(answers__label__isnull=True, label__isnull=True)
        found = super().get_queryset(request).select_related("correction__drawing", "label", "by")
        counts = {"answered": Count("answers", filter=stands), "answered_right": Count("answers", filter=stands & same)}
        return found.annotate(**counts).defer(*heavy_fields("correction__drawing"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Taking the mark off keeps what was; it goes with its drawing."""
        return False

    def has_mark_permission(self, request: PersonRequest) -> bool:
        """Who chooses controls."""
        return permissions.may_mark_controls(request.user)

    @admin.action(description=_("Take the mark off"), permissions=["mark"])
    def take_marks_off(self, request: PersonRequest, chosen: QuerySet[Control]) -> None:
        """What was said of them counts no longer."""
        ended = sum(controls.unmark_control(control=control, by=request.user) for control in chosen)
        self.message_user(
            request, ngettext("%d is no control any more.", "%d are no controls any more.", ended) % ended
        )

    @admin.display(ordering="correction__drawing")
    def drawing(self, control: Control) -> str:
        """Which drawing it is."""
        return str(control.correction.drawing)

    @admin.display(ordering="answered")
    def answers(self, control: Any) -> int:
        """How many reviewers were tried by it."""
        return control.answered

    @admin.display(ordering="answered_right")
    def right(self, control: Any) -> int:
        """How many of them were right."""
        return control.answered_right

    @admin.display(boolean=True)
    def standing(self, control: Control) -> bool:
        """Whether the mark was not taken off."""
        return control.ended is None
