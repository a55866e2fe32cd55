"""The admin site: its index groups the models by subject instead of by app."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import re_path
from django.utils.translation import gettext_lazy as _

GROUPS: list[tuple[Any, tuple[str, ...]]] = [
    (_("People"), ("User", "Group", "EmailAddress", "Authenticator", "Memory")),
    (_("Drawings"), ("Drawing", "Prediction", "PersonalAnswer", "Correction", "ImportedDrawing")),
    (_("Review"), ("Review", "Opinion", "Control", "Claim", "QueueEntry", "LabelCheck")),
    (_("Moderation"), ("AuditEntry", "Report", "AuthorExclusion")),
    (
        _("Models"),
        (
            *("Recognizer", "Label", "ModelVersion", "Promotion", "TrainingRun"),
            *("SnapshotItem", "BaseTest", "ExampleSet", "WorstMistakes"),
        ),
    ),
    (_("Data"), ("Export", "ImportJob", "Coverage", "Confusion", "AnswerWeek", "Bookmark")),
    (_("API and webhooks"), ("ApiKey", "Webhook", "Delivery")),
]
# Old and new names of renamed models, as in addresses (recognizer migration 0014).
MOVED = {"place": "queueentry", "setaside": "authorexclusion", "origin": "importeddrawing", "import": "importjob"}


def redirect_to_renamed(request: HttpRequest, model: str) -> HttpResponsePermanentRedirect:
    """Redirect an address with the old name of a model to the address with its new name."""
    address = request.get_full_path().replace(f"/recognizer/{model}/", f"/recognizer/{MOVED[model]}/", 1)
    return HttpResponsePermanentRedirect(address)


class CheckedInputMixin(admin.ModelAdmin):
    """Refuses an action if the id of a chosen row cannot be an id. Django answers 500 there."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *more: Any) -> Any:
        """Run the action. Raises BadRequest."""
        pk: Any = self.model._meta.pk
        while pk.remote_field:
            pk = pk.target_field
        try:
            for text in request.POST.getlist(ACTION_CHECKBOX_NAME):
                pk.clean(text, None)
        except ValidationError as error:
            raise BadRequest(f"the ids of an action: {error}") from error
        return super().response_action(request, queryset, *more)


class InklingAdminSite(AdminSite):
    """Django's admin site with a grouped index, redirects from old addresses, and checked input."""

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A view of the admin. It raises BadRequest for numbers that SQLite cannot hold."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                return view(request, *args, **kwargs)
            except OverflowError as error:
                raise BadRequest(f"a number: {error}") from error

        return super().admin_view(checked, cacheable)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register models with an admin class that checks the ids in actions."""
        base = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, type(base.__name__, (CheckedInputMixin, base), {}), **options)

    def get_urls(self) -> list[Any]:
        """Django's addresses, after the old ones of renamed models."""
        old = re_path(rf"^recognizer/(?P<model>{'|'.join(MOVED)})/", self.admin_view(redirect_to_renamed))
        return [old, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The groups with the models that this user may see; models that are in no group stay with their app, last."""
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        found = {model["object_name"]: (app, model) for app in apps for model in app["models"]}
        groups = []
        for name, nouns in GROUPS:
            members = [found.pop(noun) for noun in nouns if noun in found]
            if members:
                app, first = members[0]
                label, models = f"group-{first['object_name'].lower()}", [model for _app, model in members]
                groups.append(app | {"name": name, "app_label": label, "has_module_perms": True, "models": models})
        rest = [app | {"models": [m for m in app["models"] if m["object_name"] in found]} for app in apps]
        return groups + [app for app in rest if app["models"]]
