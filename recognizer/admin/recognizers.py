"""Recognizers with their labels and policies, and the action that teaches them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import CharField, F, QuerySet, Sum
from django.forms import TextInput
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.requests import PersonRequest
from recognizer import policies, reviews, training
from recognizer.models import Label, Policy, Recognizer


class LabelInline(admin.TabularInline):
    """The labels of a recognizer; their slugs and outputs belong to the model."""

    model = Label
    extra = 0
    can_delete = False
    fields = ["position", "slug", "glyph", "name", "prompt", "tone"]
    formfield_overrides = {CharField: {"widget": TextInput(attrs={"size": 16})}}  # five fields beside each other
    readonly_fields = ["slug", "position"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Labels come with a bundle."""
        return False


class PolicyInline(admin.StackedInline):
    """When it is taught by itself, and what may happen without a person."""

    model = Policy
    can_delete = False


@admin.register(Recognizer)
class RecognizerAdmin(admin.ModelAdmin):
    """Names and order of the recognizers and their labels, and how they learn."""

    list_display = ["name", "slug", "position", "drawings"]
    fields = ["name", "slug", "prompt", "position"]
    readonly_fields = ["slug"]
    inlines = [PolicyInline, LabelInline]
    actions = ["start_training"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recognizer]:
        """With the number of drawings, in the same query; a million are not counted while somebody waits."""
        return (
            super()
            .get_queryset(request)
            .annotate(named=Sum(F("labels__coverage__drawings") + F("labels__coverage__waiting")))
        )

    @admin.display(ordering="named", description=gettext_lazy("named drawings"))
    def drawings(self, recognizer: Any) -> int:
        """How many drawings of it were named and not rejected, as the background counted last."""
        return recognizer.named or 0

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        """What was changed of a policy is noted, and what waited for more opinions is looked at again."""
        changed = [each for each in formset.forms if isinstance(each.instance, Policy) and each.has_changed()]
        super().save_formset(request, form, formset, change)
        for each in changed:
            before = {name: each.initial.get(name) for name in each.changed_data}
            decided = policies.changed(policy=each.instance, before=before, by=request.user)
            if decided:
                text = ngettext("%(count)d drawing is decided now.", "%(count)d drawings are decided now.", decided)
                self.message_user(request, text % {"count": decided}, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A recognizer comes with its bundle: `manage.py install_models`."""
        return False

    def has_review_permission(self, request: PersonRequest) -> bool:
        """Who reviews may also start a run."""
        return reviews.may_review(request.user)

    @admin.action(description=gettext_lazy("Start a training run"), permissions=["review"])
    def start_training(self, request: PersonRequest, chosen: QuerySet[Recognizer]) -> None:
        """One run for each recognizer that has none open."""
        for recognizer in chosen:
            try:
                run = training.start(recognizer=recognizer, trigger=_("By hand."), by=request.user)
            except training.OpenRunError:
                text = _("%(recognizer)s is being taught already.") % {"recognizer": recognizer}
                self.message_user(request, text, messages.WARNING)
            else:
                words = _("%(recognizer)s: run %(number)d waits to start.")
                link = '<a href="{}">{}</a>'
                text = words % {"recognizer": recognizer, "number": run.pk}
                self.message_user(request, format_html(link, reverse("run", args=[run.pk]), text), messages.SUCCESS)
