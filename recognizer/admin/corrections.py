"""Corrections, reviews, opinions and controls. Reviewing itself happens on the review pages."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import User
from accounts.requests import PersonRequest
from recognizer.admin import review_queue
from recognizer.admin.exclude_action import ExcludeAuthorsMixin
from recognizer.admin.filters import ControlFilter, EndedFilter, LabelFilter
from recognizer.admin.read_only import OneByOneDeleteMixin, ReadOnlyAdmin
from recognizer.drawings import corrections
from recognizer.models import Control, Correction, Drawing, Opinion, Review, permissions
from recognizer.review import consensus, controls, queue


def _log(request: HttpRequest, what: str, drawing: Drawing) -> None:
    audit.note(by=cast(User, request.user), what=what, subject=f"drawing {drawing.uuid}")


@admin.register(Correction)
class CorrectionAdmin(ExcludeAuthorsMixin, OneByOneDeleteMixin, ReadOnlyAdmin):
    """What the authors say."""

    list_display = ["drawing", "picture", "label", "origin", "current", "created"]
    list_filter = ["label__recognizer", LabelFilter, "origin"]
    search_fields = ["=drawing__uuid"]
    related = ("drawing", "label", "replaced_by")
    deferred = ("drawing__image",)
    drawing_path = "drawing"
    exclude_parameter = "correction"

    def get_urls(self) -> list[URLPattern]:
        """With the old addresses of the review pages."""
        return [*review_queue.urls(), *super().get_urls()]

    def delete_model(self, request: HttpRequest, obj: Correction) -> None:
        """Delete it also from the personal memory of its author."""
        _log(request, "correction.deleted", obj.drawing)
        corrections.delete_correction(correction=obj)

    @admin.display(boolean=True)
    def current(self, correction: Correction) -> bool:
        """Whether no later correction replaces it."""
        return not hasattr(correction, "replaced_by")


class _OfCorrectionAdmin(ReadOnlyAdmin):
    """Rows about a correction."""

    related: tuple[str, ...] = ("correction__drawing", "label", "by")
    deferred: tuple[str, ...] = ("correction__drawing__ink", "correction__drawing__image")
    drawing_path = "correction.drawing"

    @admin.display(ordering="correction__drawing")
    def drawing(self, row: Any) -> str:
        """The drawing."""
        return str(row.correction.drawing)

    def has_mark_permission(self, request: PersonRequest) -> bool:
        """Who may choose control drawings."""
        return permissions.may_mark_controls(request.user)


@admin.register(Review)
class ReviewAdmin(OneByOneDeleteMixin, _OfCorrectionAdmin):
    """What reviewers decided. Undoing happens on the review pages and adds a row."""

    list_display = ["drawing", "picture", "decision", "label", "reason", "by", "automatic", "current", "created"]
    list_filter = ["decision", "reason", "automatic", "correction__drawing__recognizer"]
    related = ("correction__drawing", "label", "by", "replaced_by")
    deferred = ("correction__drawing__image",)
    actions = ["mark_as_control"]

    @admin.action(description=_("Use as control drawings"), permissions=["mark"])
    def mark_as_control(self, request: PersonRequest, chosen: QuerySet[Review]) -> None:
        """Use the decision as the known answer. Reviews that are automatic or not current are left out."""
        refused = 0
        for review in chosen:
            try:
                controls.mark_control(review=review, by=request.user)
            except controls.NoControlError:
                refused += 1
        marked = len(chosen) - refused
        text = ngettext("%d control drawing was added.", "%d control drawings were added.", marked)
        self.message_user(request, text % marked)
        if refused:
            text = ngettext(
                "%d review was left out, because it is automatic or not current.",
                "%d reviews were left out, because they are automatic or not current.",
                refused,
            )
            self.message_user(request, text % refused, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Review) -> None:
        """Delete it and all opinions, so that the correction waits for a review again unless an older one is left."""
        correction = obj.correction
        _log(request, "review.deleted", correction.drawing)
        obj.delete()
        consensus.withdraw_all_opinions(correction)
        queue.update_entries(correction.drawing)

    @admin.display(boolean=True)
    def current(self, review: Review) -> bool:
        """Whether no later review replaces it."""
        return not hasattr(review, "replaced_by")


@admin.register(Opinion)
class OpinionAdmin(_OfCorrectionAdmin):
    """Opinions of single reviewers. When enough of them agree, a review is written."""

    list_display = ["drawing", "decision", "label", "reason", "by", "on_control", "current", "created"]
    list_filter = ["decision", "reason", "shared", ControlFilter, "label__recognizer", LabelFilter]
    search_fields = ["by__email"]
    ordering = ["-pk"]
    can_delete = False

    @admin.display(boolean=True, description=_("on a control drawing"))
    def on_control(self, opinion: Opinion) -> bool:
        """Whether it is about a control drawing."""
        return opinion.control_id is not None

    @admin.display(boolean=True)
    def current(self, opinion: Opinion) -> bool:
        """Whether it was not withdrawn."""
        return opinion.withdrawn is None


@admin.register(Control)
class ControlAdmin(_OfCorrectionAdmin):
    """Control drawings: reviewed drawings with a known answer, and the answers of reviewers."""

    list_display = ["drawing", "label", "answers", "right", "by", "current", "created"]
    list_filter = ["correction__label__recognizer", EndedFilter]
    actions = ["end_controls"]
    ordering = ["-pk"]
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Control]:
        """With the number of answers and of right answers."""
        current = Q(answers__withdrawn__isnull=True, answers__isnull=False)
        same = Q(answers__label=F("label")) | Q(answers__label__isnull=True, label__isnull=True)
        counts = {
            "answered": Count("answers", filter=current),
            "answered_right": Count("answers", filter=current & same),
        }
        return super().get_queryset(request).annotate(**counts)

    @admin.action(description=_("Stop using these control drawings"), permissions=["mark"])
    def end_controls(self, request: PersonRequest, chosen: QuerySet[Control]) -> None:
        """Answers to them do not count any more."""
        ended = sum(controls.unmark_control(control=control, by=request.user) for control in chosen)
        text = ngettext("%d control drawing was removed.", "%d control drawings were removed.", ended)
        self.message_user(request, text % ended)

    @admin.display(ordering="answered")
    def answers(self, control: Any) -> int:
        """How many reviewers answered."""
        return control.answered

    @admin.display(ordering="answered_right")
    def right(self, control: Any) -> int:
        """How many of them were right."""
        return control.answered_right

    @admin.display(boolean=True)
    def current(self, control: Control) -> bool:
        """Whether it was not ended."""
        return control.ended is None
