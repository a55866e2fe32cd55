"""Recognizers with their labels and policies, and the action that starts training runs."""

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
from recognizer import training
from recognizer.models import Label, Policy, Recognizer, permissions
from recognizer.review import policy_changes

MOST_INLINE = 60  # labels on the page of their recognizer; more have only the list of labels


@admin.register(Label)
class LabelAdmin(admin.ModelAdmin):
    """The labels of all recognizers. Slugs and positions cannot change, because the model depends on them."""

    list_display = ["recognizer", "position", "slug", "glyph", "name"]
    list_display_links = ["slug"]
    list_filter = ["recognizer"]
    list_select_related = ["recognizer"]
    search_fields = ["slug", "name", "glyph", "codes"]
    fields = ["recognizer", "position", "slug", "glyph", "name", "prompt", "tone", "names", "looks_like", "codes"]
    readonly_fields = ["recognizer", "position", "slug"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: labels come with a bundle."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: drawings and models use them."""
        return False

    def save_model(self, request: HttpRequest, obj: Label, form: Any, change: bool) -> None:
        """Log what changed."""
        super().save_model(request, obj, form, change)
        changed = {f"{obj.slug} {name}": both for name, both in _changes(form).items()}
        if changed:
            by = cast(User, request.user)
            audit.note(by=by, what="recognizer.changed", subject=obj.recognizer.slug, detail=changed)


class LabelInline(admin.TabularInline):
    """The labels of a recognizer that has few. Their names and codes are on their own pages."""

    model = Label
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ["position", "slug", "glyph", "name", "prompt", "tone"]
    formfield_overrides = {CharField: {"widget": TextInput(attrs={"size": 16})}}  # so that five fields fit side by side
    readonly_fields = ["slug", "position"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: labels come with a bundle."""
        return False


class PolicyInline(admin.StackedInline):
    """When training runs start, and what happens without a person."""

    model = Policy
    can_delete = False


@admin.register(Recognizer)
class RecognizerAdmin(admin.ModelAdmin):
    """Names and order of the recognizers and their labels, and their policies."""

    list_display = ["name", "slug", "position", "is_on", "drawings"]
    fields = ["name", "slug", "prompt", "position", "is_on"]
    readonly_fields = ["slug"]
    actions = ["start_training"]

    def get_inlines(self, request: HttpRequest, obj: Recognizer | None) -> list[Any]:
        """Its policy, and its labels unless they are many."""
        few = obj is not None and obj.labels.count() <= MOST_INLINE
        return [PolicyInline, LabelInline] if few else [PolicyInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recognizer]:
        """With the number of drawings in the same query, from the counts of the background."""
        return (
            super()
            .get_queryset(request)
            .annotate(named=Sum(F("labels__coverage__drawings") + F("labels__coverage__waiting")))
        )

    @admin.display(ordering="named", description=gettext_lazy("labelled drawings"))
    def drawings(self, recognizer: Any) -> int:
        """How many drawings have a label and were not rejected, as counted last."""
        return recognizer.named or 0

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        """Log changes of the policy, and re-evaluate the reviews that wait for more opinions."""
        changed = [each for each in formset.forms if isinstance(each.instance, Policy) and each.has_changed()]
        super().save_formset(request, form, formset, change)
        for each in changed:
            before = {name: each.initial.get(name) for name in each.changed_data}
            decided = policy_changes.apply_policy_change(policy=each.instance, before=before, by=request.user)
            if decided:
                text = ngettext(
                    "%(count)d pending review was completed.", "%(count)d pending reviews were completed.", decided
                )
                self.message_user(request, text % {"count": decided}, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: recognizers come with a bundle, see `manage.py install_models`."""
        return False

    def has_review_permission(self, request: PersonRequest) -> bool:
        """Reviewers may start training runs."""
        return permissions.may_review(request.user)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Log changes of names, prompts, colours and the switch. Changes of the policy are logged where it is saved."""
        super().save_related(request, form, formsets, change)
        changed = _changes(form)
        for each in (each for formset in formsets if formset.model is Label for each in formset.forms):
            changed |= {f"{each.instance.slug} {name}": both for name, both in _changes(each).items()}
        if changed:
            by = cast(User, request.user)
            audit.note(by=by, what="recognizer.changed", subject=form.instance.slug, detail=changed)

    @admin.action(description=gettext_lazy("Start a training run"), permissions=["review"])
    def start_training(self, request: PersonRequest, chosen: QuerySet[Recognizer]) -> HttpResponse | None:
        """Start a run for each recognizer without an open one, after a confirmation."""
        if not confirm_action.is_confirmed(request):
            return confirm_action.confirmation_page(
                request,
                self,
                action="start_training",
                title=_("Start training runs for these recognizers?"),
                words=_("A run takes some minutes. A version that passes the gate becomes live if the policy says so."),
                button=_("Start a training run"),
                rows=chosen,
            )
        for recognizer in chosen:
            try:
                run = training.start_run(recognizer=recognizer, trigger=_("By hand."), by=request.user)
            except training.OpenRunError:
                text = _("%(recognizer)s already has an open training run.") % {"recognizer": recognizer}
                self.message_user(request, text, messages.WARNING)
            else:
                words = _("%(recognizer)s: training run %(number)d is waiting.")
                link = '<a href="{}">{}</a>'
                text = words % {"recognizer": recognizer, "number": run.pk}
                self.message_user(request, format_html(link, reverse("run", args=[run.pk]), text), messages.SUCCESS)
        return None


def _changes(form: Any) -> dict[str, list[Any]]:
    """The old and the new value of each changed field."""
    return {name: [form.initial.get(name), form.cleaned_data[name]] for name in form.changed_data}
