"""Recognizers with their labels and policies, and the action that teaches them."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import CharField, F, QuerySet, Sum
from django.forms import TextInput
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit
from accounts.admin import confirm_action
from accounts.models import User
from accounts.requests import PersonRequest
from recognizer import permissions, training
from recognizer.models import Label, Policy, Recognizer
from recognizer.review import policy_changes


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
            decided = policy_changes.apply_policy_change(policy=each.instance, before=before, by=request.user)
            if decided:
                text = ngettext("%(count)d drawing is decided now.", "%(count)d drawings are decided now.", decided)
                self.message_user(request, text % {"count": decided}, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A recognizer comes with its bundle: `manage.py install_models`."""
        return False

    def has_review_permission(self, request: PersonRequest) -> bool:
        """Who reviews may also start a run."""
        return permissions.may_review(request.user)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Names, prompts and colours that were changed are noted; the policy is noted where it is saved."""
        super().save_related(request, form, formsets, change)
        changed = _changes(form)
        for each in (each for formset in formsets if formset.model is Label for each in formset.forms):
            changed |= {f"{each.instance.slug} {name}": both for name, both in _changes(each).items()}
        if changed:
            by = cast(User, request.user)
            audit.note(by=by, what="recognizer.changed", subject=form.instance.slug, detail=changed)

    @admin.action(description=gettext_lazy("Start a training run"), permissions=["review"])
    def start_training(self, request: PersonRequest, chosen: QuerySet[Recognizer]) -> HttpResponse | None:
        """One run for each recognizer that has none open; asks first."""
        if not confirm_action.is_confirmed(request):
            return confirm_action.confirmation_page(
                request,
                self,
                action="start_training",
                title=_("Teach these recognizers now?"),
                words=_("A run takes a worker some minutes. What passes the gate answers, where the policy says so."),
                button=_("Start a training run"),
                rows=chosen,
            )
        for recognizer in chosen:
            try:
                run = training.start_run(recognizer=recognizer, trigger=_("By hand."), by=request.user)
            except training.OpenRunError:
                text = _("%(recognizer)s is being taught already.") % {"recognizer": recognizer}
                self.message_user(request, text, messages.WARNING)
            else:
                words = _("%(recognizer)s: run %(number)d waits to start.")
                link = '<a href="{}">{}</a>'
                text = words % {"recognizer": recognizer, "number": run.pk}
                self.message_user(request, format_html(link, reverse("run", args=[run.pk]), text), messages.SUCCESS)
        return None


def _changes(form: Any) -> dict[str, list[Any]]:
    """How each changed field was, and how it is."""
    return {name: [form.initial.get(name), form.cleaned_data[name]] for name in form.changed_data}
